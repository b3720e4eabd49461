/* SPDX-License-Identifier: MIT */
/* Objects, binding and slots, over small libraries that the test compiles. */
#include "shim/runtime/calls/slots.h"

#include "shim/runtime/guest/heap.h"

#include "tests/unit/unit.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* thunk_x86_64.S wants them; no stub is called here. */
uint32_t ckpt_memo_enter(void *frame);
void ckpt_memo_leave(void *frame);

uint32_t ckpt_memo_enter(void *frame)
{
	(void)frame;
	return 0;
}

void ckpt_memo_leave(void *frame)
{
	(void)frame;
}

static char directory[] = "/tmp/ckpt-slots-XXXXXX";
static struct ckpt_objects objects;
static struct ckpt_slots slots;
static struct ckpt_slot_wishes wishes;
static void *last_original;
static int routed;

static int replacement(int x)
{
	return ((int (*)(int))last_original)(x) + 1000;
}

static void *give_replacement(void *context, const struct ckpt_slot_wish *wish,
			      void *original)
{
	(void)context;
	(void)wish;
	routed++;
	last_original = original;
	return (void *)replacement;
}

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(ckpt_objects_refresh(&objects, NULL, NULL), CKPT_OK);
	slots.route = give_replacement;
}

static void tear_down(void)
{
	char command[PATH_MAX];

	ckpt_slots_undo(&slots, &objects);
	ckpt_slots_deinit(&slots);
	ckpt_slot_wishes_deinit(&wishes);
	ckpt_objects_deinit(&objects);
	(void)snprintf(command, sizeof(command), "rm -rf %s", directory);
	ck_assert_int_eq(system(command), 0);
}

/* directory/lib`name`.so from C text. */
static void compile(const char *name, const char *text, const char *flags)
{
	char command[4 * PATH_MAX];
	FILE *file;

	(void)snprintf(command, sizeof(command), "%s/%s.c", directory, name);
	file = fopen(command, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
	(void)snprintf(command, sizeof(command),
		       "cd %s && cc -O1 -shared -fPIC -o lib%s.so %s.c "
		       "-L. -Wl,-rpath,%s %s",
		       directory, name, name, directory, flags);
	ck_assert_int_eq(system(command), 0);
}

/* Open it as a program would, and note it as the loader module does. */
static struct ckpt_object *load(const char *name, int mode)
{
	char path[PATH_MAX];
	uint64_t before = objects.last_number;
	struct ckpt_object *object;
	struct link_map *map;

	(void)snprintf(path, sizeof(path), "%s/lib%s.so", directory, name);
	map = dlopen(path, mode);
	if (!map)
		ck_abort_msg("%s", dlerror());
	ck_assert(ckpt_objects_is_stale(&objects) ||
		  ckpt_objects_by_dynamic(&objects, map->l_ld));
	ck_assert_int_eq(ckpt_objects_refresh(&objects, NULL, NULL), CKPT_OK);
	object = ckpt_objects_by_dynamic(&objects, map->l_ld);
	ck_assert_ptr_nonnull(object);
	ckpt_binding_note_open(&objects, object, before, mode & RTLD_GLOBAL,
			       mode & RTLD_DEEPBIND);
	return object;
}

static void *symbol_of(const char *library, const char *name)
{
	char path[PATH_MAX];
	void *handle, *address;

	(void)snprintf(path, sizeof(path), "%s/lib%s.so", directory, library);
	handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	ck_assert_ptr_nonnull(handle);
	address = dlsym(handle, name);
	ck_assert_ptr_nonnull(address);
	ck_assert_int_eq(dlclose(handle), 0);
	return address;
}

static int call(const char *library, const char *name, int x)
{
	return ((int (*)(int))symbol_of(library, name))(x);
}

static void wish_for(const char *name, const void *target)
{
	ck_assert_int_eq(
		ckpt_slot_wishes_add(&wishes,
				     (struct ckpt_slot_wish){
					     .name = name,
					     .target = (uintptr_t)target,
				     }),
		CKPT_OK);
}

static void patch(const struct ckpt_object *object)
{
	struct ckpt_err err = {0};

	if (ckpt_slots_patch(&slots, &objects, object, &wishes, &err))
		ck_abort_msg("%s", err.text);
}

/* No mapping of ours or theirs may be writable and executable. */
static void check_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[PATH_MAX + 200];

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, " rwx"))
			ck_abort_msg("%s", line);
	ck_assert_int_eq(fclose(maps), 0);
}

static char protection_of(const void *address)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[PATH_MAX + 200];
	char writable = '?';

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long start, end;
		char read, write;

		if (sscanf(line, "%lx-%lx %c%c", &start, &end, &read, &write) ==
			    4 &&
		    start <= (uintptr_t)address && (uintptr_t)address < end)
			writable = write;
	}
	ck_assert_int_eq(fclose(maps), 0);
	return writable;
}

static const char callee[] = "int f(int x) { return x + 1; }";
static const char caller[] = "int f(int);"
			     "int call(int x) { return f(x) * 2; }";

/* The caller's slots of each kind lead to the replacement. */
static void check_caller(const char *text, const char *flags, int mode)
{
	struct ckpt_object *object;

	compile("callee", callee, "");
	compile("caller", text, flags);
	object = load("caller", mode);
	wish_for("f", symbol_of("callee", "f"));
	patch(object);
	ck_assert_int_eq(call("caller", "call", 1), 2 * (1000 + 2));
	/* Still there after the call: not undone by lazy binding. */
	ck_assert_int_eq(call("caller", "call", 1), 2 * (1000 + 2));
	ck_assert_ptr_eq(last_original, symbol_of("callee", "f"));
	check_maps();
}

START_TEST(lazy_linkage_slot_is_patched)
{
	check_caller(caller, "-lcallee -Wl,-z,lazy", RTLD_LAZY);
}
END_TEST

START_TEST(bound_linkage_slot_is_patched_and_read_only_again)
{
	check_caller(caller, "-lcallee -Wl,-z,now,-z,relro", RTLD_NOW);
	ck_assert_uint_eq(slots.count, 1);
	ck_assert_int_eq(protection_of(slots.patches[0].slot), '-');
}
END_TEST

START_TEST(slot_of_a_call_without_linkage_table_is_patched)
{
	check_caller(caller, "-lcallee -fno-plt", RTLD_NOW);
}
END_TEST

START_TEST(slot_behind_ibt_linkage_is_patched)
{
	check_caller(caller, "-lcallee -fcf-protection -Wl,-z,lazy,-z,ibtplt",
		     RTLD_LAZY);
}
END_TEST

START_TEST(table_of_pointers_is_patched)
{
	check_caller("int f(int);"
		     "int (*const table[])(int) = {f, f};"
		     "int call(int x) { return table[x](x) * 2; }",
		     "-lcallee", RTLD_NOW);
	ck_assert_uint_eq(slots.count, 2);
}
END_TEST

/* The address sanitizer refuses RTLD_DEEPBIND. */
#ifdef __has_feature
#define IS_SANITIZED __has_feature(address_sanitizer)
#else
#define IS_SANITIZED 0
#endif

START_TEST(deepbound_caller_is_patched)
{
	if (!IS_SANITIZED)
		check_caller(caller, "-lcallee -Wl,-z,lazy",
			     RTLD_LAZY | RTLD_DEEPBIND);
}
END_TEST

START_TEST(call_through_the_own_linkage_table_is_patched)
{
	struct ckpt_object *object;

	compile("own",
		"__attribute__((noinline)) int f(int x) { return x + 1; }"
		"int call(int x) { return f(x) * 2; }",
		"-fno-inline -fno-ipa-cp -fsemantic-interposition -Wl,-z,lazy");
	object = load("own", RTLD_LAZY);
	wish_for("f", symbol_of("own", "f"));
	patch(object);
	ck_assert_int_eq(call("own", "call", 1), 2 * (1000 + 2));
}
END_TEST

START_TEST(pointer_with_an_addend_is_left_alone)
{
	struct ckpt_object *object;
	char *address;

	compile("callee", callee, "");
	compile("caller",
		"extern char f[];"
		"char *table[] = {f + 1};"
		"const char *call(void) { return table[0]; }",
		"-lcallee");
	object = load("caller", RTLD_NOW);
	wish_for("f", symbol_of("callee", "f"));
	patch(object);
	address = ((char *(*)(void))symbol_of("caller", "call"))();
	ck_assert_ptr_eq(address, (char *)symbol_of("callee", "f") + 1);
	ck_assert_int_eq(routed, 0);
}
END_TEST

START_TEST(same_name_of_another_library_is_left_alone)
{
	struct ckpt_object *object;

	compile("callee", callee, "");
	compile("other", "int f(int x) { return x + 5; }", "");
	compile("caller", caller, "-lother -Wl,-z,lazy");
	object = load("caller", RTLD_LAZY);
	(void)load("callee", RTLD_LAZY);
	wish_for("f", symbol_of("callee", "f"));
	patch(object);
	ck_assert_int_eq(call("caller", "call", 1), 12);
	ck_assert_int_eq(routed, 0);
}
END_TEST

START_TEST(versions_of_one_name_are_told_apart)
{
	static const char versions[] = "__asm__(\".symver f1, f@V1\");"
				       "__asm__(\".symver f2, f@@V2\");"
				       "int f1(int x) { return x + 1; }"
				       "int f2(int x) { return x + 2; }";
	struct ckpt_object *old, *new;
	char path[PATH_MAX];
	FILE *map;
	void *handle;

	(void)snprintf(path, sizeof(path), "%s/versions.map", directory);
	map = fopen(path, "w");
	ck_assert_ptr_nonnull(map);
	ck_assert_int_ge(fputs("V1 { f; }; V2 { f; } V1;", map), 0);
	ck_assert_int_eq(fclose(map), 0);
	compile("callee", versions, "-Wl,--version-script=versions.map");
	compile("old",
		"__asm__(\".symver f, f@V1\"); int f(int);"
		"int call(int x) { return f(x) * 2; }",
		"-lcallee -Wl,-z,lazy");
	compile("new", caller, "-lcallee -Wl,-z,lazy");
	old = load("old", RTLD_LAZY);
	new = load("new", RTLD_LAZY);
	(void)snprintf(path, sizeof(path), "%s/libcallee.so", directory);
	handle = dlopen(path, RTLD_LAZY);
	wish_for("f", dlvsym(handle, "f", "V1"));
	patch(old);
	patch(new);
	ck_assert_int_eq(call("old", "call", 1), 2 * (1000 + 2));
	ck_assert_int_eq(call("new", "call", 1), 2 * 3);
	ck_assert_int_eq(routed, 1);
}
END_TEST

START_TEST(ifunc_is_patched_by_what_its_resolver_gave)
{
	struct ckpt_object *object, *definer;
	struct ckpt_wanted wanted;

	compile("callee",
		"static int impl(int x) { return x + 1; }"
		"static void *pick(void) { return impl; }"
		"int f(int) __attribute__((ifunc(\"pick\")));",
		"");
	compile("caller", caller, "-lcallee -Wl,-z,lazy");
	compile("bound", caller, "-lcallee -Wl,-z,now");
	object = load("caller", RTLD_LAZY);
	definer =
		ckpt_objects_at(&objects, (uintptr_t)symbol_of("callee", "f"));
	ckpt_wanted_init(&wanted, "f", NULL, true);
	ck_assert_int_eq(
		ckpt_slot_wishes_add(
			&wishes,
			(struct ckpt_slot_wish){
				.name = "f",
				.is_ifunc = true,
				.target = ckpt_binding_address(
					definer,
					ckpt_dynamic_find(&definer->dynamic,
							  &wanted)),
			}),
		CKPT_OK);
	patch(object);
	patch(load("bound", RTLD_NOW));
	ck_assert_int_eq(routed, 2);
	ck_assert_ptr_eq(last_original, symbol_of("callee", "f"));
	ck_assert_int_eq(call("caller", "call", 1), 2 * (1000 + 2));
	ck_assert_int_eq(call("bound", "call", 1), 2 * (1000 + 2));
}
END_TEST

START_TEST(undo_puts_everything_back)
{
	struct ckpt_object *object;

	compile("callee", callee, "");
	compile("caller", caller, "-lcallee -Wl,-z,now,-z,relro");
	object = load("caller", RTLD_NOW);
	wish_for("f", symbol_of("callee", "f"));
	patch(object);
	ckpt_slots_undo(&slots, &objects);
	ck_assert_int_eq(call("caller", "call", 1), 4);
	ck_assert_uint_eq(slots.count, 0);
}
END_TEST

START_TEST(patching_twice_patches_once)
{
	struct ckpt_object *object;

	compile("callee", callee, "");
	compile("caller", caller, "-lcallee");
	object = load("caller", RTLD_LAZY);
	wish_for("f", symbol_of("callee", "f"));
	patch(object);
	patch(object);
	ck_assert_int_eq(routed, 1);
	ck_assert_int_eq(call("caller", "call", 1), 2 * (1000 + 2));
}
END_TEST

START_TEST(object_list_names_program_first_with_its_file)
{
	struct ckpt_buf text = {0};
	char path[PATH_MAX], expected[PATH_MAX + 100];
	ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
	struct stat st;

	ck_assert_int_gt(size, 0);
	path[size] = '\0';
	ck_assert_int_eq(stat(path, &st), 0);
	(void)snprintf(expected, sizeof(expected), "%lx %lx g %s\n", st.st_dev,
		       st.st_ino, path);
	ckpt_objects_write(&objects, &text);
	ckpt_buf_add_u8(&text, 0);
	ck_assert_int_eq(ckpt_buf_status(&text), CKPT_OK);
	ck_assert(!strncmp((char *)text.data, expected, strlen(expected)));
	ck_assert_ptr_nonnull(
		strstr((char *)text.data, "\n0 0 l linux-vdso.so.1\n"));
	ck_assert_ptr_nonnull(strstr((char *)text.data, "/libc.so.6\n"));
	ckpt_heap_free(text.data);
}
END_TEST

static int gone_count;

static void count_gone(void *context, const struct ckpt_object *object)
{
	(void)context;
	(void)object;
	gone_count++;
}

START_TEST(closed_object_is_gone_and_a_new_one_is_new)
{
	struct ckpt_object *object;
	uint64_t number;
	char path[PATH_MAX];
	void *handle;

	compile("callee", callee, "");
	(void)snprintf(path, sizeof(path), "%s/libcallee.so", directory);
	object = load("callee", RTLD_LAZY);
	number = object->number;
	handle = dlopen(path, RTLD_LAZY);
	ck_assert_int_eq(dlclose(handle), 0);
	ck_assert_int_eq(dlclose(handle), 0);
	/* Replaced and opened again before anyone looked. */
	compile("callee", "int f(int x) { return x + 7; }", "");
	ck_assert_ptr_nonnull(dlopen(path, RTLD_LAZY));
	ck_assert_int_eq(ckpt_objects_refresh(&objects, count_gone, NULL),
			 CKPT_OK);
	ck_assert_int_eq(gone_count, 1);
	for (size_t i = 0; i < objects.count; i++)
		ck_assert_uint_ne(objects.items[i]->number, number);
}
END_TEST

START_TEST(system_libraries_bind_as_dlsym_says)
{
	static const char *const names[] = {
		"malloc", "memcpy", "pthread_create", "qsort",	"dlopen",
		"getenv", "strtod", "fopen",	      "regexec"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct ckpt_object *object;
		const Elf64_Sym *symbol;
		struct ckpt_wanted wanted;
		void *address = dlsym(RTLD_DEFAULT, names[i]);

		ckpt_wanted_init(&wanted, names[i], NULL, true);
		wanted.is_newest = true;
		ck_assert_int_eq(ckpt_binding_find(&objects, objects.items[0],
						   &wanted, &object, &symbol),
				 CKPT_OK);
		if (ELF64_ST_TYPE(symbol->st_info) != STT_GNU_IFUNC)
			ck_assert_uint_eq(ckpt_binding_address(object, symbol),
					  (uintptr_t)address);
	}
}
END_TEST

UNIT_MAIN_WITH("slots", set_up, tear_down, lazy_linkage_slot_is_patched,
	       bound_linkage_slot_is_patched_and_read_only_again,
	       slot_of_a_call_without_linkage_table_is_patched,
	       slot_behind_ibt_linkage_is_patched, table_of_pointers_is_patched,
	       deepbound_caller_is_patched,
	       call_through_the_own_linkage_table_is_patched,
	       pointer_with_an_addend_is_left_alone,
	       same_name_of_another_library_is_left_alone,
	       versions_of_one_name_are_told_apart,
	       ifunc_is_patched_by_what_its_resolver_gave,
	       undo_puts_everything_back, patching_twice_patches_once,
	       object_list_names_program_first_with_its_file,
	       closed_object_is_gone_and_a_new_one_is_new,
	       system_libraries_bind_as_dlsym_says)
