/* SPDX-License-Identifier: MIT */
#ifndef CKPT_CONFIG_CONTRACT_H
#define CKPT_CONFIG_CONTRACT_H

/*
 * Contracts as the user wrote them: one line of a `memory` table is a path and
 * one or more clauses tried in order. This module knows the grammar of a
 * clause (ckpt.toml(5), CONTRACTS) and nothing of types.
 *
 *   clause    := {direction | extent | ownership | word} ["if" EXPR]
 *   direction := "in" | "out" | "inout" | "scratch"
 *   extent    := "[" EXPR "]" | "[" EXPR ".." EXPR "]"
 *              | "[" EXPR "->" EXPR "]" | "bytes" EXPR | "until" EXPR
 *              | "string" | "one" | "rows(" EXPR "," EXPR "," "step" EXPR ")"
 *              | "null" | "ignore" | "opaque" | "code" | "file"
 *              | "handle" "by" NAME "(" PATH ")"
 *   ownership := "malloc" | "realloc" | "freed" | "static" | "alias" PATH
 *              | "new" | "new[]" | "allocator" ["="] (NAME | STRING)
 *   word      := "secret" | "max" "[" EXPR "]" | "capacity" EXPR
 *              | "aligned" EXPR | "as" TYPE | "member" NAME
 *
 * in any order, each at most once. Combinations that mean nothing are refused
 * here. A contract owns its trees. Set-up world.
 */

#include "config/expr.h"

#include <stdbool.h>

enum ckpt_clause_extent {
	CKPT_CLAUSE_EXTENT_DEFAULT, /* not written: by type (program.h) */
	CKPT_CLAUSE_EXTENT_ONE,
	CKPT_CLAUSE_EXTENT_COUNT,  /* [count] */
	CKPT_CLAUSE_EXTENT_SLICE,  /* [low .. count] */
	CKPT_CLAUSE_EXTENT_GROW,   /* [low -> count]: pre -> post, realloc */
	CKPT_CLAUSE_EXTENT_BYTES,  /* bytes count */
	CKPT_CLAUSE_EXTENT_UNTIL,  /* until EXPR */
	CKPT_CLAUSE_EXTENT_STRING, /* string */
	CKPT_CLAUSE_EXTENT_ROWS,   /* rows(count, length, step stride) */
	CKPT_CLAUSE_EXTENT_NULL,   /* null */
	CKPT_CLAUSE_EXTENT_IGNORE, /* ignore */
	CKPT_CLAUSE_EXTENT_OPAQUE, /* opaque: only NULL or not counts */
	CKPT_CLAUSE_EXTENT_CODE,   /* code */
	CKPT_CLAUSE_EXTENT_FILE,   /* file */
	CKPT_CLAUSE_EXTENT_HANDLE, /* handle by FUNC(PATH) */
};

enum ckpt_clause_direction {
	CKPT_CLAUSE_DIRECTION_DEFAULT, /* by const: in, else inout */
	CKPT_CLAUSE_DIRECTION_IN,
	CKPT_CLAUSE_DIRECTION_OUT,
	CKPT_CLAUSE_DIRECTION_INOUT,
	CKPT_CLAUSE_DIRECTION_SCRATCH,
};

enum ckpt_clause_owner {
	CKPT_CLAUSE_OWNER_CALLER,
	CKPT_CLAUSE_OWNER_MALLOC,
	CKPT_CLAUSE_OWNER_REALLOC,
	CKPT_CLAUSE_OWNER_FREED,
	CKPT_CLAUSE_OWNER_STATIC,
	CKPT_CLAUSE_OWNER_ALIAS,  /* alias PATH */
	CKPT_CLAUSE_OWNER_CUSTOM, /* allocator = FUNC */
	CKPT_CLAUSE_OWNER_NEW,
	CKPT_CLAUSE_OWNER_NEW_ARRAY,
};

struct ckpt_clause {
	enum ckpt_clause_extent extent;
	enum ckpt_clause_direction direction;
	enum ckpt_clause_owner owner;
	bool is_secret;
	struct ckpt_expr *count;
	struct ckpt_expr *low;
	struct ckpt_expr *max; /* max [EXPR] */
	struct ckpt_expr *length;
	struct ckpt_expr *stride;
	struct ckpt_expr *until;
	struct ckpt_expr *capacity;  /* capacity EXPR */
	struct ckpt_expr *aligned;   /* aligned EXPR */
	struct ckpt_expr *condition; /* if EXPR */
	struct ckpt_path *alias;
	char *allocator;	  /* symbol of CUSTOM; accessor of HANDLE */
	struct ckpt_path *handle; /* the accessor's argument */
	char *as_type;		  /* as TYPE */
	char *member;		  /* member NAME: of a union */
	char *text;		  /* as written */
	struct ckpt_place place;
};

struct ckpt_contract {
	struct ckpt_path *path;
	struct ckpt_clause *clauses;
	size_t clause_count;
};

/* Parse one clause; `ret` is written on success only, the caller deinits it.
 */
enum ckpt_status ckpt_clause_parse(const char *text,
				   const struct ckpt_place *place,
				   struct ckpt_clause *ret,
				   struct ckpt_err *err) CKPT_MUST_CHECK;
void ckpt_clause_deinit(struct ckpt_clause *clause);

/* Does an expression of the clause read a path that starts at `base`? */
bool ckpt_clause_mentions(const struct ckpt_clause *clause, const char *base);

void ckpt_contract_deinit(struct ckpt_contract *contract);

#endif
