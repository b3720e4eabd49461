/* SPDX-License-Identifier: MIT */
#include "shim/runtime/calls/entry_x86_64.h"

#include "shim/common/sys_x86_64.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/single_threaded.h>

enum {
	PAGE = 4096,
	JUMP_SIZE = 5,
	POINTER_OFF = 8, /* of the stub's address, in the island */
	CODE_OFF = 32,	 /* of the replaced instructions */
	ISLAND_SIZE = CODE_OFF + CKPT_ENTRY_CODE_MAX,
	OPCODE_JUMP = 0xe9,
	OPCODE_TRAP = 0xcc,
	STEPS = 120,
	MEMFD_EXEC = 0x10, /* MFD_EXEC: Linux 6.3 */
};

/* How far islands are looked for, and in which steps. */
static const uintptr_t step_size = 16u << 20;
static const uintptr_t reach = (uintptr_t)0x7f000000;

static enum ckpt_status refuse(struct ckpt_err *err, const char *what)
{
	return ckpt_err_set(err, CKPT_UNSUPPORTED,
			    "its entry cannot be patched: %s", what);
}

/* ---- a place near the object ---- */

static void *try_place(uintptr_t address)
{
	void *place = ckpt_sys_mmap(
		(void *)address, PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (ckpt_sys_is_error(place))
		return NULL;
	/* A kernel that does not know the flag takes it for a hint. */
	if ((uintptr_t)place != address) {
		(void)ckpt_sys_munmap(place, PAGE);
		return NULL;
	}
	return place;
}

/* Below the object first: above a program is its heap. */
static void *find_place(const struct ckpt_entry_place *object)
{
	uintptr_t low = object->start & ~(uintptr_t)(PAGE - 1);
	uintptr_t high = (object->end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	void *place = NULL;

	for (uintptr_t i = 1; i <= STEPS && !place; i++)
		if (low > i * step_size + PAGE &&
		    high - (low - i * step_size) < reach)
			place = try_place(low - i * step_size);
	for (uintptr_t i = 1; i <= STEPS && !place; i++)
		if (high + i * step_size - low < reach)
			place = try_place(high + i * step_size);
	return place;
}

/* ---- the island ---- */

static bool put_distance(uint8_t *to, uintptr_t from, uintptr_t target)
{
	int64_t distance = (int64_t)(target - from);
	int32_t value = (int32_t)distance;

	memcpy(to, &value, sizeof(value));
	return distance == value;
}

/* The replaced instructions at `code`, which will stand at `at`. */
static bool put_code(const struct ckpt_entry_place *place, uint8_t *code,
		     uintptr_t at)
{
	const struct ckpt_plan_entry *entry = place->entry;

	memcpy(code, place->plan->code + entry->first_code, entry->code_size);
	for (uint32_t i = 0; i < entry->fixup_count; i++) {
		const struct ckpt_plan_fixup *fixup =
			&place->plan->fixups[entry->first_fixup + i];

		if (!put_distance(code + fixup->off, at + fixup->end,
				  place->base + fixup->target))
			return false;
	}
	return true;
}

static bool make_island(const struct ckpt_entry_place *place, uintptr_t at,
			void *stub, uint8_t island[ISLAND_SIZE])
{
	/* jmp *2(%rip): over two bytes to the pointer. */
	static const uint8_t jump[POINTER_OFF] = {0xff, 0x25, 2};

	memset(island, OPCODE_TRAP, ISLAND_SIZE);
	memcpy(island, jump, sizeof(jump));
	memcpy(island + POINTER_OFF, &stub, sizeof(stub));
	return put_code(place, island + CODE_OFF, at + CODE_OFF);
}

static int make_file(const uint8_t island[ISLAND_SIZE])
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	struct rlimit limit;
	int fd;

	/* It holds for memory files too, and kills. */
	if (!ckpt_sys_getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < PAGE)
		return -EFBIG;
	fd = ckpt_sys_memfd_create("ckpt entry", flags | MEMFD_EXEC);
	if (fd == -EINVAL)
		fd = ckpt_sys_memfd_create("ckpt entry", flags);
	if (fd < 0)
		return fd;
	if (ckpt_sys_ftruncate(fd, PAGE) < 0 ||
	    ckpt_sys_pwrite(fd, island, ISLAND_SIZE, 0) != ISLAND_SIZE ||
	    ckpt_sys_fcntl(fd, F_ADD_SEALS,
			   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW |
				   F_SEAL_SEAL) < 0) {
		(void)ckpt_sys_close(fd);
		return -EIO;
	}
	return fd;
}

/* Does the system let changed code be executed again? Asked with the island's
 * own bytes, which stay what they are. */
static bool can_change_code(uint8_t *island)
{
	volatile uint8_t *byte = island;

	if (ckpt_sys_mprotect(island, PAGE, PROT_READ | PROT_WRITE) < 0)
		return false;
	*byte = *byte;
	return ckpt_sys_mprotect(island, PAGE, PROT_READ | PROT_EXEC) == 0;
}

static enum ckpt_status map_island(void *at, const uint8_t island[ISLAND_SIZE],
				   struct ckpt_err *err)
{
	int fd = make_file(island);
	void *mapped;

	if (fd < 0)
		return refuse(err, "no memory file can be made");
	mapped = ckpt_sys_mmap(at, PAGE, PROT_READ | PROT_EXEC,
			       MAP_PRIVATE | MAP_FIXED, fd, 0);
	(void)ckpt_sys_close(fd);
	if (ckpt_sys_is_error(mapped))
		return refuse(err, "the system refuses executable memory");
	if (!can_change_code(mapped))
		return refuse(err, "the system refuses changed code");
	return CKPT_OK;
}

/* ---- the function ---- */

/* Write `size` bytes to `to` in the pages [first, end). No handler of the
 * target may run meanwhile: its code may be in them. */
static bool change_pages(uintptr_t first, uintptr_t end, uint8_t *to,
			 const uint8_t *from, uint32_t size)
{
	uint64_t all = ~0ull, before = 0;
	bool is_writable;

	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &all, &before);
	is_writable = ckpt_sys_mprotect((void *)first, end - first,
					PROT_READ | PROT_WRITE) == 0;
	if (is_writable) {
		memcpy(to, from, size);
		(void)ckpt_sys_mprotect((void *)first, end - first,
					PROT_READ | PROT_EXEC);
	}
	(void)ckpt_sys_sigprocmask(SIG_SETMASK, &before, NULL);
	return is_writable;
}

static enum ckpt_status write_jump(const struct ckpt_entry_place *place,
				   uintptr_t target, struct ckpt_err *err)
{
	uint8_t *window = (uint8_t *)(place->base + place->entry->vaddr);
	uint32_t size = place->entry->window_size;
	uintptr_t first = (uintptr_t)window & ~(uintptr_t)(PAGE - 1);
	uintptr_t end =
		((uintptr_t)window + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uint8_t jump[CKPT_ENTRY_WINDOW_MAX];

	memset(jump, OPCODE_TRAP, sizeof(jump));
	jump[0] = OPCODE_JUMP;
	if (!put_distance(jump + 1, (uintptr_t)window + JUMP_SIZE, target))
		return refuse(err, "no memory near it is free");
	return change_pages(first, end, window, jump, size)
		       ? CKPT_OK
		       : refuse(err, "the system refuses to change code");
}

static enum ckpt_status patch_at(const struct ckpt_entry_place *place, void *at,
				 ckpt_entry_stub *get_stub, void *context,
				 struct ckpt_err *err)
{
	uint8_t island[ISLAND_SIZE];
	void *stub = get_stub(context, (uint8_t *)at + CODE_OFF);
	enum ckpt_status status;

	if (!stub)
		return refuse(err, "this CPU's registers cannot all be kept, "
				   "or too many functions are configured");
	if (!make_island(place, (uintptr_t)at, stub, island))
		return refuse(err, "no memory near it is free");
	status = map_island(at, island, err);
	return status ? status : write_jump(place, (uintptr_t)at, err);
}

static enum ckpt_status check_function(const struct ckpt_entry_place *place,
				       struct ckpt_err *err)
{
	const struct ckpt_plan_entry *entry = place->entry;

	if (!__libc_single_threaded)
		return refuse(err, "other threads are running");
	if (memcmp((void *)(place->base + entry->vaddr), entry->old,
		   entry->window_size) != 0)
		return refuse(err, "its code is not what its file has");
	return CKPT_OK;
}

enum ckpt_status ckpt_entry_patch(const struct ckpt_entry_place *place,
				  ckpt_entry_stub *get_stub, void *context,
				  void **ret_island, struct ckpt_err *err)
{
	enum ckpt_status status = check_function(place, err);
	void *at;

	if (status)
		return status;
	at = find_place(place);
	if (!at)
		return refuse(err, "no memory near it is free");
	status = patch_at(place, at, get_stub, context, err);
	if (status)
		(void)ckpt_sys_munmap(at, PAGE);
	else
		*ret_island = at;
	return status;
}

enum ckpt_status ckpt_entry_patch_again(const struct ckpt_entry_place *place,
					void *island, struct ckpt_err *err)
{
	enum ckpt_status status = check_function(place, err);

	return status ? status : write_jump(place, (uintptr_t)island, err);
}
