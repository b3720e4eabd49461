/* SPDX-License-Identifier: MIT */
#ifndef CKPT_PLAN_H
#define CKPT_PLAN_H

/*
 * The plan format: all that planner and runtime share.
 *
 * A plan is one file, written by the planner to a temporary name and renamed,
 * mapped read-only by the runtime. It is a header followed by sections, each
 * an array of fixed-size entries; an entry refers to another by its index in
 * that one's section, to a string by its offset in CKPT_PLAN_STRINGS (whose
 * last byte is NUL), and to nothing by CKPT_PLAN_NONE. Everything is position
 * independent, little-endian and naturally aligned. The runtime checks magic,
 * version, size, checksum and every reference once, before use (planfile.h).
 *
 * The file's name is the plan key (plankey.h): the hash of the config's bytes
 * and of the ordered objects (path, dev, inode) it was made for. A plan that
 * intercepts nothing is a plan too.
 *
 * Marshalling. A function's arguments and results are described by a tree of
 * nodes (types laid out in memory) and clauses (how far a pointer reaches,
 * which way data flows, who owns it). Extents are expressions in a small
 * stack code. Words used below and everywhere:
 *
 *   frame    the registers and stack arguments of the intercepted call
 *   extent   a stretch of memory that a clause describes, as met in one call:
 *            address, size in bytes, element node, direction
 *   pre      before the original runs (also on a hit); post: after it
 */

#include "shim/common/hash.h"
#include "shim/common/impure.h"

#include <stdint.h>

#define CKPT_PLAN_MAGIC "ckptplan"

enum {
	CKPT_PLAN_VERSION = 1,
	/* Changes whenever keys are built differently: part of every key. */
	CKPT_KEY_SCHEME = 1,
};

#define CKPT_PLAN_NONE UINT32_MAX

/* What the plan key depends on besides config and objects (plankey.h). */
#define CKPT_PLAN_SALT \
	((uint64_t)CKPT_PLAN_VERSION << 32 | (uint64_t)CKPT_KEY_SCHEME)

enum ckpt_plan_section_id {
	CKPT_PLAN_STRINGS,   /* char */
	CKPT_PLAN_FILES,     /* struct ckpt_plan_file */
	CKPT_PLAN_OBJECTS,   /* struct ckpt_plan_object, in link-map order */
	CKPT_PLAN_FUNCTIONS, /* struct ckpt_plan_function */
	CKPT_PLAN_NAMES,     /* struct ckpt_plan_name */
	CKPT_PLAN_MOVES,     /* struct ckpt_plan_move */
	CKPT_PLAN_ROOTS,     /* struct ckpt_plan_root */
	CKPT_PLAN_NODES,     /* struct ckpt_plan_node */
	CKPT_PLAN_FIELDS,    /* struct ckpt_plan_field */
	CKPT_PLAN_CLAUSES,   /* struct ckpt_plan_clause */
	CKPT_PLAN_EXPRS,     /* struct ckpt_plan_expr */
	CKPT_PLAN_OPS,	     /* struct ckpt_plan_op */
	CKPT_PLAN_INPUTS,    /* struct ckpt_plan_input */
	CKPT_PLAN_TEXTS,     /* struct ckpt_plan_text */
	CKPT_PLAN_EDGES,     /* struct ckpt_plan_edge */
	CKPT_PLAN_DIAGS,     /* struct ckpt_plan_diag */
	CKPT_PLAN_WATCHES,   /* struct ckpt_plan_watch */
	CKPT_PLAN_ENTRIES,   /* struct ckpt_plan_entry */
	CKPT_PLAN_CODE,	     /* uint8_t: instructions for entries */
	CKPT_PLAN_FIXUPS,    /* struct ckpt_plan_fixup */
	CKPT_PLAN_RUNS,	     /* struct ckpt_plan_run: of edges */
	CKPT_PLAN_SECTION_COUNT
};

struct ckpt_plan_section {
	uint64_t off; /* from the start of the file, 8-byte aligned */
	uint32_t count;
	uint32_t entry_size; /* must be what this version says */
};

struct ckpt_plan_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t header_size;
	uint64_t file_size;
	/* Unkeyed hash of all bytes behind this member. */
	struct ckpt_hash128 checksum;
	struct ckpt_hash128 key;
	uint32_t program_version; /* string: ckpt's own version */
	uint32_t config_path;	  /* string: absolute */
	uint32_t store_directory; /* string: absolute, without v1/ */
	uint32_t log_level;	  /* enum ckpt_log_level; CKPT_LOG wins */
	uint64_t max_size;	  /* bytes; 0 = no limit */
	uint64_t max_entries;	  /* 0 = no limit */
	uint64_t max_age_s;	  /* 0 = for ever */
	uint32_t flags;		  /* CKPT_PLAN_* */
	uint32_t on_error;	  /* for what concerns no function */
	uint32_t lower; /* string: directories of lower stores, a line each */
	uint32_t secret_file; /* string or NONE: absolute */
	uint32_t name_space;  /* string or NONE */
	uint32_t reserved;
	struct ckpt_plan_section sections[CKPT_PLAN_SECTION_COUNT];
};

enum {
	/* A configured name is not one of symbols (C++): any new object needs
	 * planning. */
	CKPT_PLAN_HAS_GLOBS = 1u << 0,
	CKPT_PLAN_READONLY = 1u << 1, /* [cache] readonly */
	CKPT_PLAN_SHARED = 1u << 2,   /* [cache] shared */
	/* To measure: made without code identity, nothing is cached by it. */
	CKPT_PLAN_MEASURE = 1u << 3,
};

/* A file the planner read (or looked for in vain: is_present 0). The runtime
 * compares by stat; any difference makes the plan stale. */
struct ckpt_plan_file {
	uint32_t path; /* absolute */
	uint32_t is_present;
	uint64_t dev;
	uint64_t inode;
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
};

/* An object of the link map. Its file is among the files. */
struct ckpt_plan_object {
	uint32_t path; /* as the link map names it; "" is the program */
	uint32_t file; /* index; CKPT_PLAN_NONE for the vdso */
	uint64_t dev;
	uint64_t inode;
	struct ckpt_hash128 identity; /* content identity; 0 if not computed */
};

/* What is told; each level includes those before it. */
enum ckpt_log_level {
	CKPT_LOG_OFF,
	CKPT_LOG_WARN, /* the default */
	CKPT_LOG_INFO,
	CKPT_LOG_DEBUG,
};

enum ckpt_on_error {
	CKPT_ON_ERROR_WARN,
	CKPT_ON_ERROR_RAISE,
	CKPT_ON_ERROR_IGNORE,
};

enum ckpt_plan_function_flag {
	/* Never routed: `refusal` says why, which is told once. */
	CKPT_FUNCTION_REFUSED = 1u << 0,
	CKPT_FUNCTION_IFUNC = 1u << 1,	   /* `vaddr` is the resolver */
	CKPT_FUNCTION_NESTED = 1u << 2,	   /* nested = true */
	CKPT_FUNCTION_ALIGNMENT = 1u << 3, /* alignment = true */
	CKPT_FUNCTION_PORTABLE = 1u << 4,
	CKPT_FUNCTION_CPU = 1u << 5,	 /* closure reads CPU features */
	CKPT_FUNCTION_THREADS = 1u << 6, /* closure can start threads */
	CKPT_FUNCTION_LOCALE = 1u << 7,
	CKPT_FUNCTION_KEEP_INPUTS = 1u << 8,
	CKPT_FUNCTION_SECRET = 1u << 9,	     /* some clause is `secret` */
	CKPT_FUNCTION_X87_RESULT = 1u << 10, /* result in st0 */
	CKPT_FUNCTION_X87_PAIR = 1u << 11,   /* and st1 */
	/* The call can give pointers back: how extents overlap or touch is
	 * part of the key even where none is written. */
	CKPT_FUNCTION_POINTERS = 1u << 12,
	/* No object defines it (yet): only its names count. Silent. */
	CKPT_FUNCTION_ABSENT = 1u << 13,
	/* Reached by its entry (`entry`), not by slots. */
	CKPT_FUNCTION_ENTRY = 1u << 14,
	/* Pointers of its own object to it, which do not name it, are call
	 * slots too: address_taken = true. */
	CKPT_FUNCTION_ADDRESS_TAKEN = 1u << 18,
	/* With ABSENT: its name is a pattern (fnmatch) over symbols; what it
	 * matched already stands elsewhere. */
	CKPT_FUNCTION_PATTERN = 1u << 17,
	/* Draws from rand(): its state is input and effect (randstate.h). */
	CKPT_FUNCTION_RAND = 1u << 15,
	/* errno and FP exception flags as the call finds them are inputs. */
	CKPT_FUNCTION_ERRNO = 1u << 19,
	CKPT_FUNCTION_FP_FLAGS = 1u << 20,
	/* Nothing it can reach touches errno unless memory runs out. */
	CKPT_FUNCTION_KEEPS_ERRNO = 1u << 16,
};

/* Widest vector register that can carry an argument or a result. */
enum ckpt_vector_width {
	CKPT_VECTOR_NONE,
	CKPT_VECTOR_XMM,
	CKPT_VECTOR_YMM,
	CKPT_VECTOR_ZMM,
};

/* Whether concurrent callers of one key compute it once. */
enum ckpt_plan_once {
	CKPT_PLAN_ONCE_NO,
	CKPT_PLAN_ONCE_THREADS,	  /* of one process */
	CKPT_PLAN_ONCE_PROCESSES, /* also of others */
};

struct ckpt_plan_function {
	uint32_t name;	      /* the symbol, demangled where it is C++ */
	uint32_t config_name; /* as the user wrote it */
	uint32_t object;      /* where it is defined */
	uint32_t flags;
	uint64_t vaddr;	     /* of the definition, in its object */
	uint64_t size;	     /* of its code in bytes; 0 = not known */
	uint32_t first_name; /* symbols that lead to it */
	uint32_t name_count;
	uint32_t refusal;     /* string or NONE */
	uint8_t on_error;     /* enum ckpt_on_error */
	uint8_t vector_width; /* enum ckpt_vector_width */
	uint8_t once;	      /* enum ckpt_plan_once */
	uint8_t reserved;
	/* Code identity, and hash of everything this function's program is
	 * compiled to (nodes, clauses, expressions, waivers). */
	struct ckpt_hash128 code_digest;
	struct ckpt_hash128 program_digest;
	/* Stack arguments that a miss must copy: exact bytes, psABI 3.2.3. */
	uint32_t stack_size;
	uint32_t stack_alignment; /* 16, 32 or 64 */
	/* Moves that gather split arguments, then those that gather a split
	 * result after the call and scatter it on a hit. */
	uint32_t first_move;
	uint32_t argument_move_count;
	uint32_t result_move_count;
	uint32_t root_count; /* parameters, then globals, then the result */
	uint32_t first_root;
	/* Its own stretch of the clauses: records number them from here. */
	uint32_t first_clause;
	uint32_t clause_count;
	/* Expressions whose value pre() operators of post expressions use. */
	uint32_t first_pre;
	uint32_t pre_count;
	uint32_t require;   /* expression or NONE */
	uint32_t bypass_if; /* expression or NONE */
	uint32_t store_if;  /* expression or NONE, evaluated post */
	uint32_t first_input;
	uint32_t input_count;
	uint32_t first_text;
	uint32_t text_count;
	uint32_t first_edge_run;
	uint32_t edge_run_count;
	uint32_t first_watch;
	uint32_t watch_count;
	uint32_t impure_classes; /* enum ckpt_impure_class: spoil a record */
	uint32_t entry;		 /* CKPT_FUNCTION_ENTRY: index, or NONE */
	uint32_t from; /* string: pattern of calling objects, or NONE: all */
	/* String or NONE: new objects of such a name may have it without
	 * exporting it. */
	uint32_t object_pattern;
	uint32_t reserved_too;
	uint64_t once_wait_ms; /* how long to wait for another's result */
	uint64_t min_time_ns;
	uint64_t max_age_s; /* 0 = for ever */
	double verify_rate; /* 0 … 1 */
};

/* A dynamic symbol that leads to a function. A call slot belongs to the
 * function if its symbol has this name and version, and what the slot is
 * bound to is the definition's address. */
struct ckpt_plan_name {
	uint32_t name;	     /* symbol name without version */
	uint32_t version;    /* string or NONE */
	uint32_t is_default; /* f@@V */
};

/* Where a piece of a value is while it is in registers or on the stack. */
enum ckpt_plan_place {
	CKPT_PLACE_FRAME, /* offset into struct ckpt_frame */
	CKPT_PLACE_STACK, /* offset into the stack arguments */
};

/* Copy `size` bytes between a register's home and the gather area, for
 * values whose pieces are not neighbours in the frame (a struct in rdi and
 * xmm0). Both offsets are into struct ckpt_frame. */
struct ckpt_plan_move {
	uint32_t register_off;
	uint32_t gather_off;
	uint32_t size;
	uint32_t reserved;
};

enum ckpt_plan_root_kind {
	CKPT_ROOT_PARAMETER, /* `off` in the frame or stack arguments */
	CKPT_ROOT_GLOBAL,    /* `off` is a vaddr in `object` */
	CKPT_ROOT_TLS,	     /* `off` is an offset in object's TLS block */
	CKPT_ROOT_RESULT,    /* `off` in the frame, valid post only */
};

enum ckpt_plan_root_flag {
	CKPT_ROOT_WRITTEN = 1u << 0, /* a global the closure may write */
	CKPT_ROOT_SCRATCH = 1u << 1, /* waived: neither hashed nor recorded */
	/* Untyped: counts as bytes only if no aligned word is an address. */
	CKPT_ROOT_UNTYPED = 1u << 2,
};

/* Where marshalling starts. */
struct ckpt_plan_root {
	uint8_t kind;  /* enum ckpt_plan_root_kind */
	uint8_t place; /* enum ckpt_plan_place, of a parameter or result */
	uint16_t flags;
	uint32_t node;
	uint64_t off;
	uint32_t object; /* of a global */
	uint32_t path;	 /* "x", "tolerance in libm.so", "return": for people */
	/* Of an untyped global: its bytes in the file, in strings; or NONE. */
	uint32_t initial;
	uint32_t reserved;
};

/* A word outside of these is no address of a process. */
#define CKPT_PLAN_ADDRESS_MIN ((uint64_t)4096)
#define CKPT_PLAN_ADDRESS_MAX ((uint64_t)1 << 56)

enum ckpt_plan_node_kind {
	CKPT_NODE_BYTES, /* `size` bytes that count as they are */
	CKPT_NODE_BITS,	 /* bits [bit_off, bit_off+bit_size) of `size` bytes */
	/* Fields [first, first+count) in ascending order. Structs inside it,
	 * and arrays that hold pointers, are flattened into its fields. */
	CKPT_NODE_STRUCT,
	/* `count` elements of node `first`, which is flat and has no condition,
	 * as far apart as its stride. */
	CKPT_NODE_ARRAY,
	CKPT_NODE_POINTER, /* 8 bytes; clauses [first, first+count) in order */
	CKPT_NODE_SKIP,	   /* `size` bytes that take no part in anything */
	/* A call that meets it is refused: no alternative of a union holds.
	 * `first`: a clause, for the message. */
	CKPT_NODE_REFUSE,
	CKPT_NODE_KIND_COUNT
};

enum ckpt_plan_node_flag {
	/* No pointer inside (directly or in fields). */
	CKPT_NODE_FLAT = 1u << 0,
	/* FLAT, and every byte of `stride` counts: arrays of it are one run. */
	CKPT_NODE_DENSE = 1u << 1,
	/* Can reach its own type: extents of it keep their identity. */
	CKPT_NODE_GRAPH = 1u << 2,
	/* Its last field is an array of 0 elements with a `length`: an extent
	 * of it is one element, as long as that makes it. */
	CKPT_NODE_FLEXIBLE = 1u << 3,
};

struct ckpt_plan_node {
	uint8_t kind; /* enum ckpt_plan_node_kind */
	uint8_t flags;
	uint8_t bit_off;  /* 0 … 63, from the least significant bit */
	uint8_t bit_size; /* 1 … 64 */
	uint32_t size;	  /* bytes that count: 10 of a long double's 16 */
	uint32_t stride;  /* sizeof: distance to the next one in an array */
	uint32_t first;
	uint32_t count;
	uint32_t type_name; /* string for messages, or NONE */
};

struct ckpt_plan_field {
	uint32_t off; /* bytes from the start of the struct */
	uint32_t node;
	uint32_t name;	    /* string; "" for an anonymous member */
	uint32_t condition; /* expression or NONE: counts only if true */
	uint32_t length; /* expression or NONE: elements of an array that count
			  */
};

enum ckpt_plan_extent {
	CKPT_EXTENT_COUNT, /* `count` elements */
	CKPT_EXTENT_BYTES, /* `count` bytes */
	CKPT_EXTENT_SLICE, /* elements [low, count), of at most `max` */
	/* A block of `low` elements before that the call may move, and of
	 * `count` after: owner REALLOC. */
	CKPT_EXTENT_GROW,
	CKPT_EXTENT_UNTIL, /* elements up to and with the first where `until` */
	CKPT_EXTENT_STRING, /* bytes up to and with the first NUL */
	CKPT_EXTENT_ROWS,   /* `count` rows of `length`, `stride` elements apart
			     */
	CKPT_EXTENT_NONE,   /* the pointer must be NULL (`null`) */
	CKPT_EXTENT_IGNORE, /* the pointer takes no part in anything */
	CKPT_EXTENT_OPAQUE, /* only NULL or not NULL counts; never followed */
	CKPT_EXTENT_CODE,   /* code behind the pointer */
	CKPT_EXTENT_FILE,   /* a string: content of the file it names */
	CKPT_EXTENT_HANDLE, /* meaning told by an accessor */
	CKPT_EXTENT_REFUSE, /* not covered: such a call is refused if not NULL
			     */
	CKPT_EXTENT_KIND_COUNT
};

enum ckpt_plan_direction {
	CKPT_DIR_IN,
	CKPT_DIR_OUT,
	CKPT_DIR_INOUT,
	CKPT_DIR_SCRATCH,
};

enum ckpt_plan_owner {
	CKPT_OWNER_CALLER,  /* memory the caller had before the call */
	CKPT_OWNER_MALLOC,  /* set by the call: a block of the C allocator */
	CKPT_OWNER_REALLOC, /* the caller's block, perhaps moved */
	CKPT_OWNER_FREED,   /* the call frees it */
	CKPT_OWNER_STATIC,  /* set by the call: inside an object */
	CKPT_OWNER_ALIAS,   /* set by the call: inside the caller's memory */
	CKPT_OWNER_CUSTOM,  /* set by the call: from `allocator` */
	CKPT_OWNER_NEW,
	CKPT_OWNER_NEW_ARRAY,
	CKPT_OWNER_RENEW, /* as REALLOC, a block of operator new */
	CKPT_OWNER_RENEW_ARRAY,
	CKPT_OWNER_KIND_COUNT
};

enum ckpt_plan_clause_flag {
	CKPT_CLAUSE_SECRET = 1u << 0,
	/* `count` (or the slice's end) is evaluated post; `max`, pre, bounds
	 * the extent meanwhile. */
	CKPT_CLAUSE_POST_COUNT = 1u << 1,
	/* The pointer is looked at only post: memory the call creates. */
	CKPT_CLAUSE_CREATED = 1u << 2,
	CKPT_CLAUSE_EARLY_LOW = 1u << 3, /* a slice's `low` is never post */
	CKPT_CLAUSE_TEXT = 1u << 4,	 /* HANDLE: its accessor gives text */
};

/* How far a pointer reaches. Alternatives for one pointer stand one after the
 * other; the first whose condition holds is used; none: the call is refused. */
struct ckpt_plan_clause {
	uint8_t extent;	   /* enum ckpt_plan_extent */
	uint8_t direction; /* enum ckpt_plan_direction */
	uint8_t owner;	   /* enum ckpt_plan_owner */
	uint8_t flags;
	uint32_t node;	    /* of one element */
	uint32_t condition; /* expressions, or NONE */
	uint32_t count;
	uint32_t low;
	uint32_t max;
	uint32_t length;
	uint32_t stride;
	uint32_t until;
	uint32_t capacity;  /* elements to allocate; NONE = as many as used */
	uint32_t alignment; /* of an allocation; 0 = the allocator's */
	uint32_t allocator; /* string: symbol of CUSTOM, accessor of HANDLE */
	uint32_t path;	    /* string for people: "m->rows[]" */
	uint32_t room;	    /* GROW: elements the block had room for before */
};

/* A stack program over exact integers in [-2^63, 2^64); leaving that range,
 * division by zero, or reading what cannot be read refuses the call. Jumps go
 * forward only. The value is what the last op leaves, alone on the stack. */
struct ckpt_plan_expr {
	uint32_t first_op;
	uint32_t op_count;
	uint32_t stack_size; /* deepest, ≤ CKPT_EXPR_STACK_MAX */
	uint32_t text;	     /* string: as the user wrote it */
};

enum {
	CKPT_EXPR_STACK_MAX = 16,
	CKPT_EXPR_OPS_MAX = 4096,
	CKPT_PLAN_PRE_MAX = 16,	  /* values that one function remembers */
	CKPT_NODE_DEPTH_MAX = 16, /* of arrays and structs in flat elements */
};

enum ckpt_plan_op_code {
	/* push */
	CKPT_OP_CONST, /* imm (as int64; is_signed 0: as uint64) */
	CKPT_OP_PRE,   /* value of the function's pre expression `a` */
	/* push an address */
	CKPT_OP_FRAME,	/* imm: offset into struct ckpt_frame */
	CKPT_OP_STACK,	/* imm: offset into the stack arguments */
	CKPT_OP_GLOBAL, /* vaddr imm of object `a` */
	/* The element `a` extents up, plus imm. 0 is the element in whose
	 * memory the clause's pointer (or the conditional field) stands; in
	 * `until` 0 is the element looked at, and 1 what 0 is elsewhere. */
	CKPT_OP_ELEMENT,
	/* address → value, `size` 1, 2, 4, 8 bytes, is_signed */
	CKPT_OP_LOAD,
	CKPT_OP_LOAD_BITS, /* and a = bit_off | bit_size << 8 */
	/* address → address */
	CKPT_OP_ADD_OFF, /* + imm */
	CKPT_OP_POINTEE, /* the pointer stored there; NULL refuses */
	CKPT_OP_INDEX,	 /* address, i → address + i × imm */
	CKPT_OP_STRLEN,	 /* address of chars → length */
	/* arithmetic: pops b then a */
	CKPT_OP_ADD,
	CKPT_OP_SUB,
	CKPT_OP_MUL,
	CKPT_OP_DIV, /* C: truncates */
	CKPT_OP_MOD,
	CKPT_OP_SHL,
	CKPT_OP_SHR,
	CKPT_OP_AND,
	CKPT_OP_OR,
	CKPT_OP_XOR,
	CKPT_OP_NEG,
	CKPT_OP_NOT,  /* ~ */
	CKPT_OP_LNOT, /* ! */
	CKPT_OP_EQ,
	CKPT_OP_NE,
	CKPT_OP_LT,
	CKPT_OP_LE,
	CKPT_OP_GT,
	CKPT_OP_GE,
	CKPT_OP_MIN,
	CKPT_OP_MAX,
	CKPT_OP_ABS,
	CKPT_OP_POW2, /* least power of two ≥ the value */
	/* control; imm = ops to skip, > 0 */
	CKPT_OP_JUMP,
	CKPT_OP_JUMP_IF_ZERO, /* pops */
	CKPT_OP_CODE_COUNT
};

struct ckpt_plan_op {
	uint8_t code; /* enum ckpt_plan_op_code */
	uint8_t size;
	uint8_t is_signed;
	uint8_t reserved;
	uint32_t a;
	int64_t imm;
};

enum ckpt_plan_input_kind {
	CKPT_INPUT_ENV,	 /* environment variable `name` */
	CKPT_INPUT_FILE, /* content of file `name` */
};

struct ckpt_plan_input {
	uint32_t kind;
	uint32_t name;
};

/* A stretch of the closure's code or read-only data as it must be mapped. */
struct ckpt_plan_text {
	uint32_t object;
	uint32_t reserved;
	uint64_t vaddr;
	uint64_t size;
	struct ckpt_hash128 digest; /* unkeyed hash of the bytes */
};

/* A cross-object reference of the closure: the name looked up from `from`
 * was taken to mean `vaddr` of `to`. */
struct ckpt_plan_edge {
	uint32_t from;
	uint32_t to;
	uint32_t name;
	uint32_t version;    /* string or NONE */
	uint64_t slot_vaddr; /* of the relocated word in `from` */
	uint64_t vaddr;
};

/* A stretch of another section: functions that reach the same libraries share
 * thousands of edges. */
struct ckpt_plan_run {
	uint32_t first;
	uint32_t count;
};

/* A call slot of the closure's objects that leads to an impure function of
 * the C runtime: a recorded call during which it is entered is not stored. */
struct ckpt_plan_watch {
	uint32_t object; /* whose slot */
	uint32_t name;	 /* symbol */
	uint32_t classes;
	uint32_t chain; /* string: "train -> solve -> rand" */
};

enum { CKPT_ENTRY_WINDOW_MAX = 32, CKPT_ENTRY_CODE_MAX = 256 };

/* A function whose first instructions are replaced by a jump, to where a stub
 * takes over. `code` is the function's beginning as it was, to go on from
 * anywhere within 2 GiB: it starts with an endbr64, ends with a jump to what
 * is behind the window, and gets its distances from the fix-ups. */
struct ckpt_plan_entry {
	uint32_t function;
	uint32_t object;
	uint64_t vaddr;	      /* of the window: behind an endbr64, if any */
	uint32_t window_size; /* whole instructions, at least 5 bytes */
	uint32_t first_code;
	uint32_t code_size;
	uint32_t first_fixup;
	uint32_t fixup_count;
	uint32_t reserved;
	uint8_t old[CKPT_ENTRY_WINDOW_MAX]; /* the window's bytes */
};

/* The 4 bytes at `off` of an entry's code are the distance from its byte
 * number `end` to `target`, an address in the entry's object. */
struct ckpt_plan_fixup {
	uint32_t off;
	uint32_t end;
	uint64_t target;
};

/* Something to tell the user, once. */
struct ckpt_plan_diag {
	uint32_t function; /* index or NONE */
	uint32_t is_error; /* obeys on_error; else a note at level info */
	uint32_t text;
	uint32_t reserved;
};

#endif
