/* SPDX-License-Identifier: MIT */
#include "shim/store/scan.h"

#include <errno.h>

#include "shim/common/sys_x86_64.h"
#include "shim/store/path.h"

enum { WINDOW_SIZE = 1 << 20 };

static uint64_t round_up(uint64_t size)
{
	return (size + CKPT_RECORD_ALIGNMENT - 1) &
	       ~(uint64_t)(CKPT_RECORD_ALIGNMENT - 1);
}

static int open_segment(const struct ckpt_layout *layout, unsigned id)
{
	static const int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	char name[CKPT_LAYOUT_NAME_SIZE];
	int access = layout->is_readonly ? O_RDONLY : O_RDWR;

	ckpt_segment_name(id, name);
	return ckpt_sys_openat(ckpt_layout_dir(layout), name, access | flags,
			       0);
}

static enum ckpt_status check_segment(struct ckpt_scan *scan)
{
	struct ckpt_segment_header header;
	struct stat st;

	if (ckpt_sys_fstat(scan->fd, &st))
		return CKPT_IO;
	if (!S_ISREG(st.st_mode) || st.st_size > CKPT_SEGMENT_MAX_SIZE)
		return CKPT_BADDATA;
	scan->size = (uint64_t)st.st_size;
	scan->modified_s = st.st_mtim.tv_sec;
	/* Just made, without a record yet. */
	if (scan->size < sizeof(header)) {
		scan->off = scan->size;
		return CKPT_OK;
	}
	if (ckpt_io_read_all(scan->fd, &header, sizeof(header), 0) ||
	    !ckpt_segment_is_header(&header, scan->id))
		return CKPT_BADDATA;
	return CKPT_OK;
}

enum ckpt_status ckpt_scan_open(struct ckpt_scan *scan,
				const struct ckpt_layout *layout, unsigned id)
{
	enum ckpt_status status = CKPT_OK;

	*scan = (struct ckpt_scan){
		.id = id,
		.fd = open_segment(layout, id),
		.off = sizeof(struct ckpt_segment_header),
	};
	if (scan->fd < 0)
		return scan->fd == -ENOENT ? CKPT_NOTFOUND : CKPT_IO;
	scan->window = ckpt_sys_mmap(NULL, WINDOW_SIZE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (ckpt_sys_is_error(scan->window)) {
		scan->window = NULL;
		status = CKPT_NOMEM;
	}
	if (!status)
		status = check_segment(scan);
	if (status)
		ckpt_scan_close(scan);
	return status;
}

void ckpt_scan_close(struct ckpt_scan *scan)
{
	if (scan->window)
		(void)ckpt_sys_munmap(scan->window, WINDOW_SIZE);
	if (scan->fd >= 0)
		(void)ckpt_sys_close(scan->fd);
	scan->window = NULL;
	scan->fd = -1;
}

/* As many bytes from `off` on as a record can have, or as there are. */
static uint64_t fill_window(struct ckpt_scan *scan, uint64_t off)
{
	uint64_t end = scan->window_off + scan->window_size;
	uint64_t want = scan->size - off;
	long n;

	if (want > CKPT_SEGMENT_RECORD_MAX)
		want = CKPT_SEGMENT_RECORD_MAX;
	if (off >= scan->window_off && off <= end && end - off >= want)
		return end - off;
	n = ckpt_sys_pread(scan->fd, scan->window, WINDOW_SIZE, (off_t)off);
	scan->window_off = off;
	scan->window_size = n < 0 ? 0 : (uint64_t)n;
	return scan->window_size;
}

/* A whole record at `off`? */
static bool parse_at(struct ckpt_scan *scan, uint64_t off)
{
	uint64_t left = fill_window(scan, off);
	const uint8_t *bytes = scan->window + (off - scan->window_off);
	uint64_t size;

	if (ckpt_record_measure(bytes, left, &size) || size > left ||
	    size > CKPT_SEGMENT_RECORD_MAX)
		return false;
	if (!scan->is_trusting && ckpt_record_parse(bytes, size, &scan->record))
		return false;
	scan->record_off = off;
	scan->record_size = size;
	scan->bytes = bytes;
	return true;
}

bool ckpt_scan_next(struct ckpt_scan *scan)
{
	while (scan->off < scan->size) {
		uint64_t off = scan->off;

		if (parse_at(scan, off)) {
			scan->off = off + round_up(scan->record_size);
			return true;
		}
		/* It has become shorter. */
		if (!scan->window_size)
			break;
		scan->off = off + CKPT_RECORD_ALIGNMENT;
		scan->skipped_size += CKPT_RECORD_ALIGNMENT;
	}
	return false;
}

unsigned ckpt_scan_next_id(const struct ckpt_layout *layout, unsigned after)
{
	struct ckpt_path_list list;
	unsigned next = 0;
	const char *name;

	ckpt_path_list_open(&list, ckpt_layout_dir(layout), "seg");
	while ((name = ckpt_path_list_next(&list))) {
		unsigned id = ckpt_segment_parse_name(name);

		if (id > after && (!next || id < next))
			next = id;
	}
	ckpt_path_list_close(&list);
	return next;
}
