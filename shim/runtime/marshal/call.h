/* SPDX-License-Identifier: MIT */
#ifndef CKPT_RUNTIME_CALL_H
#define CKPT_RUNTIME_CALL_H

/*
 * One intercepted call in progress: the frame, the compiled program of its
 * function, the values of its pre expressions, and the table of extents met
 * while walking its arguments. Lives in the frame between entering and
 * leaving; large tables overflow into an arena of anonymous memory that is the
 * caller's, so that a call left by longjmp can be cleaned up by others.
 *
 * Order of use: begin, ckpt_key_compute(), then ckpt_replay() on a hit, or the
 * original and ckpt_capture() on a miss, then end.
 *
 * Hot path: no malloc, no lock; a flat call makes no system call.
 */

#include "shim/common/status.h"
#include "shim/frame_x86_64.h"
#include "shim/plan.h"
#include "shim/runtime/marshal/arena.h"
#include "shim/runtime/marshal/ranges.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ckpt_program;

/* What the process is asked for. Any member may be NULL: calls that need it
 * are then refused. */
struct ckpt_program_host {
	/* What `symbol` ("malloc", "free", an allocator of the contract) is
	 * bound to where the function is defined, or NULL. */
	void *(*symbol)(const struct ckpt_program *program, const char *symbol);
	/* The calling thread's TLS block of a plan object, or NULL. */
	void *(*tls)(const struct ckpt_program *program, uint32_t object);
	/* Identity of the code at an address. */
	enum ckpt_status (*code)(const struct ckpt_program *program,
				 const void *address, struct ckpt_hash128 *ret);
	/* Is what the code of an object may read and call part of the key, or
	 * watched: is that object in the closure, or of the C runtime? */
	bool (*covers)(const struct ckpt_program *program, uint32_t object);
};

/* A function as the runtime sees it: its plan entry, the tables it indexes
 * (already checked), and where its objects are mapped. */
struct ckpt_program {
	const struct ckpt_plan_function *function;
	const char *strings;
	const struct ckpt_plan_move *moves;
	const struct ckpt_plan_root *roots;
	const struct ckpt_plan_node *nodes;
	const struct ckpt_plan_field *fields;
	const struct ckpt_plan_clause *clauses;
	const struct ckpt_plan_expr *exprs;
	const struct ckpt_plan_op *ops;
	const struct ckpt_plan_input *inputs;
	const struct ckpt_plan_object *objects;
	const uintptr_t *bases; /* load address by plan object index */
	uint32_t object_count;
	/* Replaced, never changed, when objects come and go: read once a call,
	 * with acquire. */
	const struct ckpt_segments *segments;
	const struct ckpt_program_host *host; /* may be NULL */
};

enum ckpt_extent_flag {
	/* Made or told by the call: met only after it. */
	CKPT_EXTENT_IS_CREATED = 1u << 0,
	/* How much is used is known only after the call, up to `bound`. */
	CKPT_EXTENT_IS_BOUND = 1u << 1,
	/* `saved` is where in the arena the content before the call is. */
	CKPT_EXTENT_IS_SAVED = 1u << 2,
	/* `digest` is of the content before the call. */
	CKPT_EXTENT_IS_DIGESTED = 1u << 3,
	/* In the result registers, or a global: no clause. */
	CKPT_EXTENT_IS_ROOT = 1u << 4,
	CKPT_EXTENT_IS_UNTYPED = 1u << 5,
	/* The call gives it back to the allocator. */
	CKPT_EXTENT_IS_GONE = 1u << 6,
	/* Memory of a loaded object that a result points to. */
	CKPT_EXTENT_IS_STATIC = 1u << 7,
	/* A block the call may have moved: who holds it is not known yet. */
	CKPT_EXTENT_IS_MOVING = 1u << 8,
	/* The path of a file whose content is the input; `digest` is of its
	 * stamp. FRESH: written too recently to be sure. */
	CKPT_EXTENT_IS_FILE = 1u << 9,
	CKPT_EXTENT_IS_FRESH = 1u << 10,
	/* The pointer that led to it leads elsewhere after the call. */
	CKPT_EXTENT_IS_LEFT = 1u << 11,
	/* Its pointers were followed after the call. */
	CKPT_EXTENT_IS_VISITED = 1u << 12,
};

/* Memory a clause describes, as met in this call. Numbered in walk order;
 * number 0 is the result (in the frame). */
struct ckpt_extent {
	uint8_t *address;
	uint64_t size;	 /* bytes, from address to the last one that counts */
	uint64_t bound;	 /* bytes that a replay may write; created: capacity */
	uint8_t *from;	 /* where the pointer stands */
	uint32_t parent; /* extent that holds the pointer, or NONE (frame) */
	uint32_t clause; /* index; of a root: the root's index, or NONE */
	uint32_t node;	 /* of one element */
	uint8_t direction; /* enum ckpt_plan_direction */
	uint8_t owner;	   /* enum ckpt_plan_owner */
	uint16_t flags;	   /* enum ckpt_extent_flag */
	uint64_t stride;   /* bytes between rows; 0: one row */
	uint64_t row_size; /* bytes of a row; = size if there is one */
	uint64_t low;	   /* bytes of a slice's pointer before `address` */
	union {
		struct ckpt_hash128 digest;
		uint64_t saved;
	};
};

enum { CKPT_CALL_EXTENTS_INLINE = 12, CKPT_CALL_PRE_MAX = 16 };
enum { CKPT_CALL_EXTENTS_MAX = 1 << 24 };

enum ckpt_refusal_kind {
	CKPT_REFUSAL_NONE,
	CKPT_REFUSAL_REQUIRE,	 /* `require` is false */
	CKPT_REFUSAL_BYPASS,	 /* `bypass_if` is true: not an error */
	CKPT_REFUSAL_EXPRESSION, /* division by zero, bad shift, stack */
	CKPT_REFUSAL_OVERFLOW,	 /* a value outside [-2^63, 2^64) */
	CKPT_REFUSAL_NULL,	 /* an expression follows a NULL pointer */
	CKPT_REFUSAL_WILD,	 /* an expression reads unmapped memory */
	CKPT_REFUSAL_NO_PRE,	 /* a pre() value could not be computed */
	CKPT_REFUSAL_NEGATIVE,	 /* extent below zero */
	CKPT_REFUSAL_ABSURD,	 /* extent larger than memory */
	CKPT_REFUSAL_UNREADABLE, /* not all of it is mapped */
	CKPT_REFUSAL_UNWRITABLE,
	CKPT_REFUSAL_ENDLESS,	     /* no terminator where memory ends */
	CKPT_REFUSAL_NO_CLAUSE,	     /* a pointer no clause covers */
	CKPT_REFUSAL_NOT_NULL,	     /* `null` does not hold */
	CKPT_REFUSAL_GLOBAL_ADDRESS, /* untyped global holds an address */
	CKPT_REFUSAL_GLOBAL_CODE,    /* it holds that of a function elsewhere */
	CKPT_REFUSAL_GLOBAL_MISSING, /* a global cannot be found */
	CKPT_REFUSAL_CODE,	     /* code behind a pointer is not known */
	CKPT_REFUSAL_FILE,	     /* not a regular file, or it changed */
	CKPT_REFUSAL_HANDLE,	     /* its accessor cannot be found */
	CKPT_REFUSAL_UNKNOWN_TARGET, /* result points to unknown memory */
	CKPT_REFUSAL_UNKNOWN_OBJECT, /* … to an object without identity */
	CKPT_REFUSAL_RESULT_ADDRESS, /* the result, a number, is an address */
	CKPT_REFUSAL_OVERLAP,	     /* created blocks overlap */
	CKPT_REFUSAL_SCRATCH,	     /* scratch shares memory with another */
	CKPT_REFUSAL_MOVED,	     /* a block moved, its holder unknown */
	CKPT_REFUSAL_BOUND,	     /* post extent beyond its `max` */
	CKPT_REFUSAL_ARRAY,	     /* more elements than the array has */
	CKPT_REFUSAL_STORE_IF,	     /* `store_if` is false: not an error */
	CKPT_REFUSAL_ALLOCATOR,	     /* the allocator cannot be found */
	CKPT_REFUSAL_ENVIRONMENT,    /* inputs nobody has digested */
	CKPT_REFUSAL_MEMORY,	     /* no memory for our tables */
	CKPT_REFUSAL_LIMIT,	     /* depth, number of extents */
	CKPT_REFUSAL_KIND_COUNT
};

/* Why a call could not be keyed or recorded; formatted by message.h. */
struct ckpt_refusal {
	enum ckpt_refusal_kind kind;
	uint32_t clause; /* or NONE */
	uint32_t root;	 /* or NONE */
	uint32_t expr;	 /* or NONE */
	const void *address;
	int64_t value; /* the extent, or the operand */
	uint64_t size;
};

struct ckpt_call {
	const struct ckpt_program *program;
	struct ckpt_frame *frame;
	struct ckpt_ranges *ranges;
	const struct ckpt_hash_secret *secret; /* the key's */
	struct ckpt_arena *arena; /* overflow of the tables; the caller's */
	struct ckpt_extent *extents;
	uint32_t extent_count;
	uint32_t extent_capacity;
	uint32_t pre_extent_count; /* those met before the call */
	uint32_t pre_valid;	   /* bit i: pre[i] could be evaluated */
	/* Offsets into the arena; meaningless while NONE. */
	uint64_t extents_off;
	uint64_t index_off; /* hash table: extent numbers by address */
	uint32_t index_capacity;
	uint32_t index_count; /* extents that are in it */
	uint32_t root;	      /* being walked, for messages; or NONE */
	__int128 pre[CKPT_CALL_PRE_MAX];
	struct ckpt_refusal refusal;
	/* Set by memo before the key is computed: a digest of environment
	 * variables, files, CPU, locale … where the function needs them. */
	struct ckpt_hash128 environment;
	bool has_environment;
	/* The function may draw from rand(), whose state cannot be seen in
	 * this process: a call that does so is not a value. */
	bool is_random_hidden;
	/* Set by memo: FP exception flags and errno as the call found them. */
	uint16_t caller_fp_flags;
	int32_t caller_error;
	struct ckpt_hash128 key;
	struct ckpt_extent inline_extents[CKPT_CALL_EXTENTS_INLINE];
};

_Static_assert(sizeof(struct ckpt_call) <= CKPT_FRAME_CALL_SIZE,
	       "a call's state must fit into its frame");

/* Start with `frame` filled by the thunk: gathers split arguments. `arena` is
 * empty, and the caller frees it. */
void ckpt_call_begin(struct ckpt_call *call, const struct ckpt_program *program,
		     struct ckpt_frame *frame, struct ckpt_ranges *ranges,
		     struct ckpt_arena *arena);

/* Move a split result from its registers together, or apart again. */
void ckpt_call_gather_result(struct ckpt_call *call);
void ckpt_call_scatter_result(struct ckpt_call *call);

/* `size` bytes of the call's arena; their offset. Moves the arena, and keeps
 * call->extents up to date. NOMEM is also noted as the refusal. */
enum ckpt_status ckpt_call_reserve(struct ckpt_call *call, size_t size,
				   uint64_t *ret_off) CKPT_MUST_CHECK;

/* Note why and return UNSUPPORTED. The members not given stay as they are:
 * clause and root come from the walk. */
enum ckpt_status ckpt_call_refuse(struct ckpt_call *call,
				  enum ckpt_refusal_kind kind, uint32_t clause,
				  const void *address, uint64_t size);

#endif
