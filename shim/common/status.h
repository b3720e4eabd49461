/* SPDX-License-Identifier: MIT */
#ifndef CKPT_COMMON_STATUS_H
#define CKPT_COMMON_STATUS_H

/*
 * What a function that can fail returns, and the message that explains it.
 *
 * Results leave through `ret` arguments, written only on CKPT_OK. NOTFOUND and
 * UNSUPPORTED are answers, the rest are failures. Set-up functions also take a
 * struct ckpt_err (may be NULL) whose text starts with the place that was read.
 *
 * No state, safe in any thread; ckpt_err_set() is set-up world (it formats).
 */

#define CKPT_MUST_CHECK __attribute__((warn_unused_result))
#define CKPT_PRINTF(f, a) __attribute__((format(printf, f, a)))

enum ckpt_status {
	CKPT_OK = 0,
	CKPT_NOTFOUND,	  /* an answer: there is no such thing */
	CKPT_UNSUPPORTED, /* an answer: there is one, we cannot serve it */
	CKPT_BADDATA,	  /* bytes from outside break their format's rules */
	CKPT_INVALID,	  /* what the user wrote is wrong */
	CKPT_NOMEM,
	CKPT_IO,
};

struct ckpt_err {
	enum ckpt_status status;
	char text[1024];
};

/* Format a message, cut to fit, and return `status`. `err` may be NULL. */
enum ckpt_status ckpt_err_set(struct ckpt_err *err, enum ckpt_status status,
			      const char *format, ...) CKPT_PRINTF(3, 4);

/* Put "prefix: " before the text that is there. Returns err's status. */
enum ckpt_status ckpt_err_prefix(struct ckpt_err *err, enum ckpt_status status,
				 const char *format, ...) CKPT_PRINTF(3, 4);

/* "out of memory", "not found" … : a status in words. Never NULL. */
const char *ckpt_status_text(enum ckpt_status status);

#endif
