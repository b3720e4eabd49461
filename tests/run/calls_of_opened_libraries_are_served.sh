#!/bin/bash
# SPDX-License-Identifier: MIT
# dlopen of caller and callee, in all modes; dlsym by handle; names that only a
# RUNPATH or $ORIGIN leads to; and what dlerror says stays what it was.
. "$(dirname "$0")/calls.sh"

mkdir sub
compile_f
mv libf.so sub
compile_library user -Lsub -lf "-Wl,-rpath,\$ORIGIN" <<-EOF2
	int f(int);
	int user(int x) { return f(x) + 2; }
EOF2
mv libuser.so sub
cat >main.c <<'EOC'
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static void *open_or_die(const char *name, int mode)
{
	void *handle = dlopen(name, mode);

	if (!handle) {
		puts(dlerror());
		exit(1);
	}
	return handle;
}
int main(int count, char **arguments)
{
	int mode = count > 1 ? atoi(arguments[1]) : RTLD_LAZY;
	const char *user_name = count > 2 ? arguments[2] : "libuser.so";
	void *user = open_or_die(user_name, mode);
	void *callee;
	int (*function)(int);

	printf("%d\n", ((int (*)(int))dlsym(user, "user"))(1));
	printf("%p\n", dlsym(user, "no_such"));
	printf("%s\n", strstr(dlerror(), "no_such") ? "told" : "not told");
	callee = open_or_die("libf.so", RTLD_LAZY | RTLD_NOLOAD);
	function = dlsym(callee, "f");
	printf("%d\n", function(2));
	printf("%d\n", dlerror() == NULL);
	printf("%d\n", ((int (*)(int))dlsym(user, "f"))(3));
	function = dlsym(RTLD_DEFAULT, "f");
	printf("%d\n", function ? function(4) : -1);
	printf("%d\n", dlopen("libnone.so", RTLD_LAZY) == NULL);
	printf("%s\n", strstr(dlerror(), "libnone.so") ? "told" : "not told");
	return dlclose(callee) + dlclose(user);
}
EOC
"$CC" -O2 -g -o main main.c "-Wl,-rpath,\$ORIGIN/sub" || fail compile
"$CC" -O2 -g -o old main.c -Wl,--disable-new-dtags,-rpath,sub || fail compile
lazy=1 now=2 deepbind=8 global=256
for mode in $lazy $now $((lazy | deepbind)); do
	expect_calls 3 ./main "$mode" || fail "mode $mode"
done
expect_calls 4 ./main $((now | global))
expect_calls 3 ./old $lazy
expect_calls 3 ./main $lazy "$PWD/sub/libuser.so"
# Found through the caller's $ORIGIN: the calls may be seen late, not wrongly.
configure '' >ckpt.toml
./main $lazy "\$ORIGIN/sub/libuser.so" >out.plain
preload ./main $lazy "\$ORIGIN/sub/libuser.so" >out.preloaded
expect_same out.plain out.preloaded
