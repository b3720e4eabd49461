/* SPDX-License-Identifier: MIT */
#include "shim/runtime/marshal/environment.h"

#include "shim/common/sys_x86_64.h"
#include "shim/runtime/guest/filehash.h"
#include "shim/runtime/guest/format.h"
#include "shim/runtime/guest/machine_x86_64.h"
#include "shim/runtime/guest/randstate.h"

#include <locale.h>
#include <string.h>
#include <unistd.h>

/* Each kind of input is told apart by its tag. */
enum tag {
	TAG_VARIABLE = 1,
	TAG_ABSENT,
	TAG_FILE,
	TAG_CPU,
	TAG_CPUS,
	TAG_THREADS,
	TAG_RAND,
	TAG_LOCALE,
	TAG_ERRNO,
	TAG_FP_FLAGS
};

enum { CPU_MASK_SIZE = 1024 };

void ckpt_environment_init(struct ckpt_environment *environment)
{
	environment->cpu = ckpt_machine_digest();
}

static void add(struct ckpt_hasher *hasher, enum tag tag, const void *data,
		uint64_t size)
{
	uint64_t head[2] = {tag, size};

	ckpt_hasher_update(hasher, head, sizeof(head));
	ckpt_hasher_update(hasher, data, size);
}

/* Does `entry` ("NAME=value") set `name`? Then its value, else NULL. */
static const char *value_of(const char *entry, const char *name)
{
	while (*name && *entry == *name) {
		entry++;
		name++;
	}
	return !*name && *entry == '=' ? entry + 1 : NULL;
}

static const char *variable(const char *name)
{
	const char *value = NULL;

	for (char **entry = environ; entry && *entry && !value; entry++)
		value = value_of(*entry, name);
	return value;
}

static void add_variable(struct ckpt_hasher *hasher, const char *name)
{
	const char *value = variable(name);

	add(hasher, TAG_VARIABLE, name, strlen(name));
	if (value)
		add(hasher, TAG_VARIABLE, value, strlen(value));
	else
		add(hasher, TAG_ABSENT, "", 0);
}

/* OMP_…, GOMP_…, KMP_…, and …_NUM_THREADS of whatever library. */
static bool is_about_threads(const char *entry)
{
	const char *end = strchr(entry, '=');
	static const char suffix[] = "_NUM_THREADS";
	size_t size = end ? (size_t)(end - entry) : 0;

	if (!strncmp(entry, "OMP_", 4) || !strncmp(entry, "GOMP_", 5) ||
	    !strncmp(entry, "KMP_", 4))
		return true;
	return size >= sizeof(suffix) - 1 &&
	       !strncmp(end - (sizeof(suffix) - 1), suffix, sizeof(suffix) - 1);
}

/* Thread pools size themselves by these; their order does not count. */
static void add_thread_settings(struct ckpt_hasher *hasher)
{
	struct ckpt_hash128 sum = {0, 0};
	struct ckpt_hash128 one;

	for (char **entry = environ; entry && *entry; entry++) {
		if (!is_about_threads(*entry))
			continue;
		one = ckpt_hash(NULL, *entry, strlen(*entry));
		sum.lo += one.lo;
		sum.hi += one.hi;
	}
	add(hasher, TAG_THREADS, &sum, sizeof(sum));
}

static void add_allowed_cpus(struct ckpt_hasher *hasher)
{
	uint64_t mask[CPU_MASK_SIZE / sizeof(uint64_t)];
	long size = ckpt_sys_sched_getaffinity(0, mask, sizeof(mask));
	uint64_t count = 0;

	for (long i = 0; i < size / (long)sizeof(uint64_t); i++)
		count += (uint64_t)__builtin_popcountll(mask[i]);
	add(hasher, TAG_CPUS, &count, sizeof(count));
}

/* Of the calling thread, as setlocale() or uselocale() left it: glibc keeps
 * the names in the object, and nothing else tells those of a thread. */
static void add_locale(struct ckpt_hasher *hasher)
{
	locale_t own = uselocale((locale_t)0);
	enum { CATEGORIES = sizeof(own->__names) / sizeof(own->__names[0]) };

	for (int i = 0; i < CATEGORIES; i++) {
		const char *name = own == LC_GLOBAL_LOCALE ? setlocale(i, NULL)
							   : own->__names[i];

		if (name)
			add(hasher, TAG_LOCALE, name, strlen(name));
		else
			add(hasher, TAG_ABSENT, "", 0);
	}
	add_variable(hasher, "TZ");
}

static void add_stamp(struct ckpt_hasher *stamps,
		      const struct ckpt_file_stamp *stamp, uint64_t is_fresh)
{
	ckpt_hasher_update(stamps, stamp, sizeof(*stamp));
	ckpt_hasher_update(stamps, &is_fresh, sizeof(is_fresh));
}

static enum ckpt_status add_file(struct ckpt_hasher *hasher,
				 struct ckpt_hasher *stamps,
				 const struct ckpt_hash_secret *secret,
				 const char *path, struct ckpt_call *call)
{
	struct ckpt_file_stamp stamp;
	struct ckpt_hash128 digest;

	if (ckpt_filehash_path(path, secret, &digest, &stamp))
		return ckpt_call_refuse(call, CKPT_REFUSAL_ENVIRONMENT,
					CKPT_PLAN_NONE, path, 0);
	add(hasher, TAG_FILE, path, strlen(path));
	add(hasher, TAG_FILE, &digest, sizeof(digest));
	add_stamp(stamps, &stamp, ckpt_filehash_is_fresh(&stamp));
	return CKPT_OK;
}

/* In a process with threads the state cannot be seen: a call that does not draw
 * from it is as good nevertheless (call.h, is_random_hidden). */
static void add_random(struct ckpt_hasher *hasher, struct ckpt_call *call)
{
	struct ckpt_randstate state = {.count = 0};

	call->is_random_hidden = !ckpt_randstate_read(&state);
	if (call->is_random_hidden)
		state.count = 0;
	add(hasher, TAG_RAND, state.words,
	    state.count * sizeof(state.words[0]));
}

/* ---- all there is, item by item ----------------------------------------- */
/* What is no variable or file; numbered behind these. */
static const struct machine_item {
	uint32_t flag; /* enum ckpt_plan_function_flag */
	const char *name;
} machine_items[] = {
	{CKPT_FUNCTION_CPU, "processor, or GLIBC_TUNABLES"},
	{CKPT_FUNCTION_THREADS, "CPUs allowed, or settings of threads"},
	{CKPT_FUNCTION_LOCALE, "locale or time zone"},
	{CKPT_FUNCTION_RAND, "state of rand()"},
	{CKPT_FUNCTION_ERRNO, "errno"},
	{CKPT_FUNCTION_FP_FLAGS, "floating-point exception flags"},
};

enum { MACHINE_ITEMS = sizeof(machine_items) / sizeof(machine_items[0]) };

/* One look at the environment. */
struct look {
	const struct ckpt_environment *environment;
	const struct ckpt_hash_secret *secret;
	struct ckpt_call *call;
	struct ckpt_hasher hasher, stamps;
};

static bool has_machine_item(const struct ckpt_plan_function *function,
			     uint32_t flag)
{
	if (flag == CKPT_FUNCTION_CPU &&
	    (function->flags & CKPT_FUNCTION_PORTABLE))
		return false;
	return function->flags & flag;
}

static bool has_environment(const struct ckpt_plan_function *function)
{
	bool is_any = function->input_count;

	for (uint32_t i = 0; i < MACHINE_ITEMS; i++)
		is_any |= (function->flags & machine_items[i].flag) != 0;
	return is_any;
}

static void add_machine_item(struct look *look, uint32_t flag)
{
	switch (flag) {
	case CKPT_FUNCTION_CPU:
		add(&look->hasher, TAG_CPU, &look->environment->cpu,
		    sizeof(look->environment->cpu));
		add_variable(&look->hasher, "GLIBC_TUNABLES");
		break;
	case CKPT_FUNCTION_THREADS:
		add_allowed_cpus(&look->hasher);
		add_thread_settings(&look->hasher);
		break;
	case CKPT_FUNCTION_LOCALE:
		add_locale(&look->hasher);
		break;
	case CKPT_FUNCTION_ERRNO:
		add(&look->hasher, TAG_ERRNO, &look->call->caller_error,
		    sizeof(look->call->caller_error));
		break;
	case CKPT_FUNCTION_FP_FLAGS:
		add(&look->hasher, TAG_FP_FLAGS, &look->call->caller_fp_flags,
		    sizeof(look->call->caller_fp_flags));
		break;
	default:
		add_random(&look->hasher, look->call);
		break;
	}
}

/* Item `number` of the function's; nothing if it does not have that one. */
static enum ckpt_status add_item(struct look *look, uint32_t number)
{
	const struct ckpt_program *program = look->call->program;
	const struct ckpt_plan_function *function = program->function;
	const struct ckpt_plan_input *input;
	uint32_t flag;

	if (number >= function->input_count) {
		flag = machine_items[number - function->input_count].flag;
		if (has_machine_item(function, flag))
			add_machine_item(look, flag);
		return CKPT_OK;
	}
	input = &program->inputs[function->first_input + number];
	if (input->kind == CKPT_INPUT_FILE)
		return add_file(&look->hasher, &look->stamps, look->secret,
				program->strings + input->name, look->call);
	add_variable(&look->hasher, program->strings + input->name);
	return CKPT_OK;
}

enum ckpt_status
ckpt_environment_digest(const struct ckpt_environment *environment,
			const struct ckpt_hash_secret *secret,
			struct ckpt_call *call, struct ckpt_hash128 *ret_stamp)
{
	const struct ckpt_plan_function *function = call->program->function;
	uint32_t count = function->input_count + MACHINE_ITEMS;
	struct look look = {
		.environment = environment,
		.secret = secret,
		.call = call,
	};
	enum ckpt_status status = CKPT_OK;

	if (!has_environment(function))
		return CKPT_OK;
	ckpt_hasher_init(&look.hasher, secret);
	ckpt_hasher_init(&look.stamps, NULL);
	for (uint32_t i = 0; i < count && !status; i++)
		status = add_item(&look, i);
	if (status)
		return status;
	call->environment = ckpt_hasher_final(&look.hasher);
	call->has_environment = true;
	*ret_stamp = ckpt_hasher_final(&look.stamps);
	return CKPT_OK;
}

static void name_item(const struct ckpt_program *program, uint32_t number,
		      char *name, size_t size)
{
	const struct ckpt_plan_function *function = program->function;
	const struct ckpt_plan_input *input;

	if (number >= function->input_count) {
		number -= function->input_count;
		(void)ckpt_format(name, size, "%s", machine_items[number].name);
		return;
	}
	input = &program->inputs[function->first_input + number];
	(void)ckpt_format(name, size, "%s %s",
			  input->kind == CKPT_INPUT_FILE
				  ? "file"
				  : "environment variable",
			  program->strings + input->name);
}

enum ckpt_status
ckpt_environment_item(const struct ckpt_environment *environment,
		      struct ckpt_call *call, uint32_t *number, char *name,
		      size_t size, struct ckpt_hash128 *ret)
{
	const struct ckpt_plan_function *function = call->program->function;
	uint32_t count = function->input_count + MACHINE_ITEMS;
	struct look look = {
		.environment = environment,
		.secret = call->secret,
		.call = call,
	};
	uint32_t i = *number;

	while (i >= function->input_count && i < count &&
	       !has_machine_item(function,
				 machine_items[i - function->input_count].flag))
		i++;
	if (i >= count)
		return CKPT_NOTFOUND;
	*number = i + 1;
	name_item(call->program, i, name, size);
	ckpt_hasher_init(&look.hasher, call->secret);
	ckpt_hasher_init(&look.stamps, NULL);
	if (add_item(&look, i))
		return CKPT_UNSUPPORTED;
	*ret = ckpt_hasher_final(&look.hasher);
	return CKPT_OK;
}

bool ckpt_environment_is_settled(const struct ckpt_call *call,
				 struct ckpt_hash128 stamp)
{
	const struct ckpt_program *program = call->program;
	const struct ckpt_plan_function *function = program->function;
	struct ckpt_hasher stamps;

	if (!has_environment(function))
		return true;
	ckpt_hasher_init(&stamps, NULL);
	for (uint32_t i = 0; i < function->input_count; i++) {
		const struct ckpt_plan_input *input =
			&program->inputs[function->first_input + i];
		struct ckpt_file_stamp now;

		if (input->kind != CKPT_INPUT_FILE)
			continue;
		if (ckpt_filehash_stamp(program->strings + input->name, &now))
			return false;
		add_stamp(&stamps, &now, 0);
	}
	return ckpt_hash_equal(ckpt_hasher_final(&stamps), stamp);
}
