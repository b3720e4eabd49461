/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/crt.h"

#include "shim/common/runtimelib.h"
#include "shim/planner/code/codehash.h"

#include <stddef.h>
#include <string.h>

struct library {
	const char *stem; /* before ".so" */
	uint32_t traits;  /* of every reference to it */
};

/* libm and the like choose their code by CPU (IFUNC, also inside); libc does
 * so only for string functions, whose results are the same. */
static const struct library libraries[] = {
	{"libgfortran", CKPT_TRAIT_CPU}, {"libgomp", CKPT_TRAIT_THREADS},
	{"libm", CKPT_TRAIT_CPU},	 {"libmvec", CKPT_TRAIT_CPU},
	{"libquadmath", CKPT_TRAIT_CPU},
};

/* A trailing '*' stands for anything. */
static const char *const allocators[] = {
	"aligned_alloc", "calloc",	   "cfree",
	"free",		 "malloc",	   "malloc_usable_size",
	"memalign",	 "posix_memalign", "pvalloc",
	"realloc",	 "reallocarray",   "valloc",
	"_ZdaPv*",	 "_ZdlPv*",	   "_Znam*",
	"_Znwm*",
};

static const char *const locale_functions[] = {
	"__ctype_*",   "asctime*",   "asprintf",     "atof",
	"atoi",	       "atol*",	     "btowc",	     "bindtextdomain",
	"ctime*",      "dcgettext*", "dgettext*",    "dngettext*",
	"dprintf",     "duplocale",  "fnmatch",	     "fprintf",
	"fscanf",      "fwprintf",   "fwscanf",	     "gettext",
	"getdate*",    "glob*",	     "iconv*",	     "is*",
	"langinfo",    "localeconv", "localtime*",   "mblen",
	"mbr*",	       "mbs*",	     "mbt*",	     "mktime",
	"newlocale",   "ngettext",   "nl_langinfo*", "printf*",
	"regcomp",     "regexec",    "rpmatch",	     "scanf",
	"setlocale",   "snprintf",   "sprintf",	     "sscanf",
	"strcasecmp*", "strcasestr", "strcoll*",     "strerror*",
	"strfmon*",    "strfrom*",   "strftime*",    "strncasecmp*",
	"strptime*",   "strsignal",  "strto*",	     "strxfrm*",
	"swprintf",    "swscanf",    "textdomain",   "timelocal",
	"to*",	       "tzset",	     "uselocale",    "vasprintf",
	"vdprintf",    "vfprintf",   "vfscanf",	     "vfwprintf",
	"vprintf",     "vscanf",     "vsnprintf",    "vsprintf",
	"vsscanf",     "vswprintf",  "vwprintf",     "warn*",
	"wc*",	       "wprintf",    "wscanf",	     "perror",
	"psignal",     "err",	     "errx",	     "verr*",
	"vwarn*",      "error",	     "syslog",	     "vsyslog",
};

static const char *const thread_functions[] = {
	"GOMP_*",	    "__kmpc_*",		 "omp_*",
	"pthread_create",   "sched_getaffinity", "pthread_getaffinity_np",
	"thrd_create",	    "timer_create",	 "get_nprocs*",
	"__sched_cpucount", "_ZNSt6thread*",	 "sysconf",
};

static const char *const cpu_functions[] = {
	"__cpu_model", "__cpu_indicator_init", "__get_cpu_features",
	"_dl_x86_*",   "_rtld_global*",	       "getauxval",
	"__getauxval",
};

static const char *const flag_functions[] = {
	"fegetenv",	 "fegetexceptflag", "feholdexcept",
	"fetestexcept*", "feupdateenv",
};

static const char *const errno_keepers[] = {
	"abort",
	"abs",
	"bsearch",
	"labs",
	"llabs",
	"lfind",
	"longjmp",
	"memccpy*",
	"memchr",
	"memcmp",
	"memcpy*",
	"memfrob",
	"memmem",
	"memmove*",
	"mempcpy*",
	"memrchr",
	"memset*",
	"qsort",
	"qsort_r",
	"rawmemchr",
	"setjmp",
	"siglongjmp",
	"stpcpy*",
	"stpncpy*",
	"strcat*",
	"strchr*",
	"strcmp",
	"strcpy*",
	"strcspn",
	"strlen",
	"strncat*",
	"strncmp",
	"strncpy*",
	"strnlen",
	"strpbrk",
	"strrchr",
	"strsep",
	"strspn",
	"strstr",
	"strtok_r",
	"swab",
	"__memcpy*",
	"__memmove*",
	"__memset*",
	"__mempcpy*",
	"__str*_chk",
	"__stpcpy*",
	"__stack_chk_fail",
	"__assert*",
	"__cxa_finalize",
	"__gmon_start__",
	"__tls_get_addr",
	"__libc_start_main",
	"pthread_mutex_lock",
	"pthread_mutex_unlock",
	"pthread_once",
	"__longjmp_chk",
	"_setjmp",
	"__sigsetjmp",
	"_ITM_*",
	"_Unwind_Resume",
	"__gxx_personality_v0",
};

static const char *const state_names[] = {
	"__daylight",
	"__progname*",
	"__signgam",
	"__timezone",
	"__tzname",
	"argp_*",
	"daylight",
	"error_*",
	"getdate_err",
	"loc1",
	"loc2",
	"locs",
	"obstack_*",
	"optarg",
	"opterr",
	"optind",
	"optopt",
	"program_invocation_*",
	"re_syntax_options",
	"signgam",
	"timezone",
	"tzname",
};

static const char *const environment_names[] = {
	"__environ",
	"_environ",
	"environ",
};

/* What of libstdc++ does not format or convert text. */
static const char *const plain_cxx[] = {
	"_ZN9__gnu_cxx*",
	"_ZNKSt9exception*",
	"_ZNSt*exception*",
	"_ZNSt7__cxx1112basic_string*",
	"_ZSt*throw*",
	"_ZSt9terminatev",
	"_ZT*",
	"__cxa_*",
	"__dynamic_cast",
	"__gxx_*",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_like(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');
	size_t head, tail, size = strlen(name);

	if (!star)
		return strcmp(pattern, name) == 0;
	head = (size_t)(star - pattern);
	tail = strlen(star + 1);
	/* One more star, at the end: the middle has to be somewhere. */
	if (tail > 0 && star[tail] == '*') {
		char middle[64] = "";

		(void)strncpy(middle, star + 1,
			      tail < sizeof(middle) ? tail - 1 : 0);
		return strncmp(pattern, name, head) == 0 &&
		       strstr(name + head, middle) != NULL;
	}
	return size >= head + tail && strncmp(pattern, name, head) == 0 &&
	       strcmp(star + 1, name + size - tail) == 0;
}

static bool is_in(const char *const *patterns, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (is_like(patterns[i], name))
			return true;
	return false;
}

static uint32_t find_traits(const char *stem)
{
	for (size_t i = 0; i < COUNT(libraries); i++)
		if (strcmp(stem, libraries[i].stem) == 0)
			return libraries[i].traits;
	return 0;
}

bool ckpt_crt_is_runtime(const char *name)
{
	return ckpt_runtimelib_stem(name) != NULL;
}

bool ckpt_crt_is_errno(const char *symbol)
{
	return strcmp(symbol, "__errno_location") == 0;
}

bool ckpt_crt_is_state(const char *symbol)
{
	return is_in(state_names, COUNT(state_names), symbol);
}

bool ckpt_crt_is_allocator(const char *symbol)
{
	return is_in(allocators, COUNT(allocators), symbol);
}

/* "printf" of __printf_chk, __isoc99_sscanf, _IO_printf: what people call. */
static void strip_decoration(const char *symbol, char *text, size_t size)
{
	static const char *const prefixes[] = {"__isoc99_", "__isoc23_",
					       "_IO_"};
	size_t end;

	for (size_t i = 0; i < COUNT(prefixes); i++)
		if (strncmp(symbol, prefixes[i], strlen(prefixes[i])) == 0)
			symbol += strlen(prefixes[i]);
	end = strlen(symbol);
	if (end > 6 && strcmp(symbol + end - 4, "_chk") == 0 &&
	    strncmp(symbol, "__", 2) == 0) {
		symbol += 2;
		end -= 6;
	}
	end = end < size ? end : size - 1;
	memcpy(text, symbol, end);
	text[end] = '\0';
}

bool ckpt_crt_keeps_errno(const char *symbol)
{
	return ckpt_crt_is_allocator(symbol) ||
	       is_in(errno_keepers, COUNT(errno_keepers), symbol);
}

uint32_t ckpt_crt_traits(const char *name, const char *symbol, bool is_ifunc)
{
	const char *stem = ckpt_runtimelib_stem(name);
	bool is_libc = stem && strcmp(stem, "libc") == 0;
	uint32_t traits = stem ? find_traits(stem) : 0;
	char plain[128];

	strip_decoration(symbol, plain, sizeof(plain));
	if (is_ifunc && !is_libc)
		traits |= CKPT_TRAIT_CPU;
	if (is_in(cpu_functions, COUNT(cpu_functions), symbol))
		traits |= CKPT_TRAIT_CPU;
	if (is_in(flag_functions, COUNT(flag_functions), symbol))
		traits |= CKPT_TRAIT_FP_FLAGS;
	if (is_in(environment_names, COUNT(environment_names), symbol))
		traits |= CKPT_TRAIT_ENVIRONMENT;
	if (is_in(thread_functions, COUNT(thread_functions), symbol))
		traits |= CKPT_TRAIT_THREADS;
	if (stem && strcmp(stem, "libstdc++") == 0) {
		if (!is_in(plain_cxx, COUNT(plain_cxx), symbol))
			traits |= CKPT_TRAIT_LOCALE;
	} else if (is_in(locale_functions, COUNT(locale_functions), plain)) {
		traits |= CKPT_TRAIT_LOCALE;
	}
	return traits;
}
