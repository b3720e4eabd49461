/* SPDX-License-Identifier: MIT */
#include "shim/planner/code/codelist.h"

#include "shim/common/cleanup.h"
#include "shim/planner/plan/planwriter.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { ITEMS_MAX = 4096, LIST_MAX = 1 << 20, TOLD_MAX = 8 };

static char *list_path(const char *directory, int directory_size,
		       struct ckpt_hash128 digest)
{
	char digits[CKPT_HASH_TEXT_SIZE], *path;

	ckpt_hash_text(digest, digits);
	return asprintf(&path, "%.*s/%s.code", directory_size, directory,
			digits) < 0
		       ? NULL
		       : path;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What people call a function; its place, if it has no name, says nothing when
 * all moves. */
static const char *name_of(const struct ckpt_closure_item *item)
{
	return item->name && item->name[0] != '.' ? item->name
						  : "a function without name";
}

static void add_item(struct ckpt_buf *buf, const struct ckpt_scope *scope,
		     const struct ckpt_closure *closure,
		     const struct ckpt_closure_item *item)
{
	const char *file =
		last_part(ckpt_scope_object(scope, item->object)->path);
	char digits[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(item->digest, digits);
	ckpt_buf_format(buf, "%s ", digits);
	if (item->kind == CKPT_CLOSURE_CODE)
		ckpt_buf_format(buf, "%s in %s\n", name_of(item), file);
	else if (item->kind != CKPT_CLOSURE_DATA)
		ckpt_buf_format(buf, "%s\n", file);
	else if (item->name && item->name[0] != '.')
		ckpt_buf_format(buf, "%s in %s\n", item->name, file);
	else
		ckpt_buf_format(buf, "a constant of %s in %s\n",
				name_of(&closure->items[item->parent]), file);
}

void ckpt_codelist_write(const char *plan_path, const struct ckpt_scope *scope,
			 const struct ckpt_closure *closure)
{
	_cleanup_(ckpt_buf_deinit) struct ckpt_buf buf = {0};
	const char *slash = strrchr(plan_path, '/');
	_cleanup_free_ char *path =
		slash ? list_path(plan_path, (int)(slash - plan_path),
				  closure->digest)
		      : NULL;

	if (!path || access(path, F_OK) == 0)
		return;
	for (size_t i = 0; i < closure->item_count && i < ITEMS_MAX; i++)
		add_item(&buf, scope, closure, &closure->items[i]);
	if (ckpt_buf_status(&buf))
		return;
	(void)!ckpt_planwriter_write(path, buf.data, buf.size, NULL);
}

/* The list as one text, or NULL. */
static char *read_list(const char *directory, struct ckpt_hash128 digest)
{
	_cleanup_free_ char *path =
		list_path(directory, (int)strlen(directory), digest);
	_cleanup_close_ int fd =
		path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	_cleanup_free_ char *text = NULL;
	struct stat st;
	ssize_t size;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size > LIST_MAX)
		return NULL;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return NULL;
	size = read(fd, text, (size_t)st.st_size);
	if (size < 0)
		return NULL;
	text[size] = '\0';
	return TAKE(text);
}

/* Does `list` have a line that ends like `line` from its byte `off` on? */
static bool has_line(const char *list, const char *line, size_t off)
{
	size_t size = strcspn(line, "\n");

	if (size <= off)
		return false;
	while (*list) {
		size_t length = strcspn(list, "\n");

		if (length == size &&
		    !memcmp(list + off, line + off, size - off))
			return true;
		list += length + (list[length] == '\n');
	}
	return false;
}

/* A line is about something in a file, or about a whole library. */
static const char *kind_of(const char *line, size_t size)
{
	return memmem(line, size, " in ", 4) ? "code" : "library";
}

/* Lines of `mine` that `other` has not. */
static void add_missing(const char *mine, const char *other, const char *if_new,
			bool is_told_if_changed, struct ckpt_buf *out)
{
	size_t told = 0;

	for (; *mine && told < TOLD_MAX; mine += *mine == '\n') {
		size_t size = strcspn(mine, "\n");
		bool is_changed =
			has_line(other, mine, CKPT_HASH_TEXT_SIZE - 1);

		if (size >= CKPT_HASH_TEXT_SIZE && !has_line(other, mine, 0) &&
		    (!is_changed || is_told_if_changed)) {
			ckpt_buf_format(out, "%s: %.*s: %s\n",
					kind_of(mine, size),
					(int)(size - CKPT_HASH_TEXT_SIZE),
					mine + CKPT_HASH_TEXT_SIZE,
					is_changed ? "differs" : if_new);
			told++;
		}
		mine += size;
	}
}

void ckpt_codelist_compare(const char *directory, struct ckpt_hash128 mine,
			   struct ckpt_hash128 other, struct ckpt_buf *out)
{
	_cleanup_free_ char *mine_text = read_list(directory, mine);
	_cleanup_free_ char *other_text = read_list(directory, other);

	if (!mine_text || !other_text)
		return;
	add_missing(mine_text, other_text, "was not there", true, out);
	add_missing(other_text, mine_text, "is gone", false, out);
}
