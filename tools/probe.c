/* SPDX-License-Identifier: MIT */
#include "tools/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/common/cleanup.h"
#include "tools/cli.h"
#include "tools/draft.h"

static void add_use(const struct ckpt_shelf *shelf, struct ckpt_buf *out)
{
	ckpt_buf_add_text(out, "use = [\n");
	for (size_t i = 0; i < shelf->count; i++) {
		ckpt_buf_add_text(out, "  ");
		ckpt_draft_string(out, shelf->libraries[i].name);
		ckpt_buf_add_text(out, ",\n");
	}
	ckpt_buf_add_text(out, "]\n");
}

static void add_name(struct ckpt_buf *out, const char *name)
{
	ckpt_buf_add_text(out, "  ");
	ckpt_draft_string(out, name);
	ckpt_buf_add_text(out, ",\n");
}

void ckpt_probe_names(const struct ckpt_shelf *shelf, char *const *names,
		      struct ckpt_buf *out)
{
	add_use(shelf, out);
	ckpt_buf_add_text(out, "functions = [\n");
	for (; *names; names++)
		add_name(out, *names);
	ckpt_buf_add_text(out, "]\n");
}

void ckpt_probe_all(const struct ckpt_shelf *shelf, struct ckpt_buf *out)
{
	ckpt_buf_add_text(out, "measure = true\nlog = \"off\"\n"
			       "plan_wait = \"5 min\"\n");
	add_use(shelf, out);
	ckpt_buf_add_text(out, "functions = [\n");
	for (size_t i = 0; i < shelf->count; i++) {
		const struct ckpt_config *library = shelf->libraries[i].config;

		for (size_t j = 0; j < library->function_count; j++)
			add_name(out, library->functions[j].name);
	}
	ckpt_buf_add_text(out, "]\n[defaults]\non_error = \"ignore\"\n"
			       "[[function]]\nname = \"*\"\nvia = \"entry\"\n");
}

enum ckpt_status ckpt_probe_load(const struct ckpt_buf *text,
				 struct ckpt_config **ret, struct ckpt_err *err)
{
	char path[] = "/tmp/ckpt-init-XXXXXX";
	char **dirs = ckpt_cli_library_dirs_create();
	_cleanup_close_ int fd = mkstemp(path);
	enum ckpt_status status = CKPT_OK;

	if (fd < 0 || write(fd, text->data, text->size) != (ssize_t)text->size)
		status = ckpt_err_set(err, CKPT_IO, "%s: %s", path,
				      strerror(errno));
	if (!status)
		status =
			dirs ? ckpt_config_load(path, (const char *const *)dirs,
						ret, err)
			     : ckpt_err_set(err, CKPT_NOMEM, "out of memory");
	if (fd >= 0)
		(void)unlink(path);
	ckpt_cli_library_dirs_destroy(dirs);
	return status;
}
