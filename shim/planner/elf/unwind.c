/* SPDX-License-Identifier: MIT */
#include "shim/planner/elf/unwind.h"

#include "shim/common/buf.h"

#include <stdlib.h>
#include <string.h>

/* DW_EH_PE_*: how a pointer is written. */
enum {
	PE_ABSOLUTE = 0x00,
	PE_ULEB = 0x01,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SLEB = 0x09,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_APPLICATION = 0x70,
	PE_INDIRECT = 0x80,
	PE_OMIT = 0xff,
};

/* What a CIE says about its FDEs. */
struct cie {
	uint64_t off; /* UINT64_MAX: none read yet */
	uint8_t code_encoding, lsda_encoding;
	bool has_size; /* augmentation 'z' */
};

struct frames {
	uint64_t vaddr; /* of the first byte */
	struct ckpt_reader r;
	struct cie cie;
	struct ckpt_unwind_entry *entries;
	size_t count, capacity;
};

static enum ckpt_status read_format(struct ckpt_reader *r, uint8_t encoding,
				    uint64_t *ret)
{
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	int64_t s = 0;
	enum ckpt_status status;

	switch (encoding & PE_FORMAT) {
	case PE_ULEB:
		return ckpt_read_uleb(r, ret);
	case PE_SLEB:
		status = ckpt_read_sleb(r, &s);
		*ret = (uint64_t)s;
		return status;
	case PE_UDATA2:
	case PE_SDATA2:
		status = ckpt_read_u16(r, &u16);
		*ret = encoding & 8 ? (uint64_t)(int16_t)u16 : u16;
		return status;
	case PE_UDATA4:
	case PE_SDATA4:
		status = ckpt_read_u32(r, &u32);
		*ret = encoding & 8 ? (uint64_t)(int32_t)u32 : u32;
		return status;
	case PE_ABSOLUTE:
	case PE_UDATA8:
	case PE_SDATA8:
		return ckpt_read_u64(r, ret);
	default:
		return CKPT_UNSUPPORTED;
	}
}

/* A pointer; zero stays zero. `vaddr` is that of the reader's start. */
static enum ckpt_status read_pointer(struct ckpt_reader *r, uint8_t encoding,
				     uint64_t vaddr, uint64_t *ret)
{
	uint64_t here = vaddr + ckpt_reader_offset(r), value;
	enum ckpt_status status = read_format(r, encoding, &value);

	if (status)
		return status;
	if (value && (encoding & PE_APPLICATION) == PE_PCREL)
		value += here;
	else if (value && (encoding & PE_APPLICATION) != 0)
		return CKPT_UNSUPPORTED;
	*ret = value;
	return CKPT_OK;
}

static enum ckpt_status read_augmentation(struct ckpt_reader *r,
					  const char *letters, struct cie *cie)
{
	uint64_t skipped;
	uint8_t encoding;

	for (; *letters; letters++) {
		switch (*letters) {
		case 'R':
			if (ckpt_read_u8(r, &cie->code_encoding))
				return CKPT_BADDATA;
			break;
		case 'L':
			if (ckpt_read_u8(r, &cie->lsda_encoding))
				return CKPT_BADDATA;
			break;
		case 'P':
			if (ckpt_read_u8(r, &encoding) ||
			    read_format(r, encoding, &skipped))
				return CKPT_BADDATA;
			break;
		case 'S':
		case 'B':
			break;
		default:
			return CKPT_UNSUPPORTED;
		}
	}
	return CKPT_OK;
}

/* `r` stands behind the CIE's id. */
static enum ckpt_status read_cie(struct ckpt_reader *r, struct cie *cie)
{
	const char *letters;
	uint64_t number;
	int64_t factor;
	uint8_t version, reg;

	cie->code_encoding = PE_ABSOLUTE;
	cie->lsda_encoding = PE_OMIT;
	cie->has_size = false;
	if (ckpt_read_u8(r, &version) || ckpt_read_string(r, &letters) ||
	    ckpt_read_uleb(r, &number) || ckpt_read_sleb(r, &factor) ||
	    (version == 1 ? ckpt_read_u8(r, &reg) : ckpt_read_uleb(r, &number)))
		return CKPT_BADDATA;
	if (letters[0] != 'z')
		return letters[0] ? CKPT_UNSUPPORTED : CKPT_OK;
	cie->has_size = true;
	if (ckpt_read_uleb(r, &number))
		return CKPT_BADDATA;
	return read_augmentation(r, letters + 1, cie);
}

static enum ckpt_status find_cie(struct frames *frames, uint64_t off)
{
	struct ckpt_reader r = frames->r;
	uint32_t size, id;
	enum ckpt_status status;

	if (frames->cie.off == off)
		return CKPT_OK;
	frames->cie.off = UINT64_MAX;
	if (ckpt_reader_seek(&r, off) || ckpt_read_u32(&r, &size) ||
	    ckpt_read_u32(&r, &id) || id != 0)
		return CKPT_BADDATA;
	status = read_cie(&r, &frames->cie);
	if (!status)
		frames->cie.off = off;
	return status;
}

static enum ckpt_status append(struct frames *frames,
			       struct ckpt_unwind_entry entry)
{
	if (frames->count == frames->capacity) {
		size_t capacity = frames->capacity ? frames->capacity * 2 : 64;
		struct ckpt_unwind_entry *grown =
			reallocarray(frames->entries, capacity, sizeof(*grown));

		if (!grown)
			return CKPT_NOMEM;
		frames->entries = grown;
		frames->capacity = capacity;
	}
	frames->entries[frames->count++] = entry;
	return CKPT_OK;
}

/* `r` stands behind the FDE's pointer to its CIE at `cie_off`. */
static enum ckpt_status read_fde(struct frames *frames, struct ckpt_reader *r,
				 uint64_t cie_off)
{
	struct ckpt_unwind_entry entry = {0};
	const struct cie *cie = &frames->cie;
	uint64_t size;
	enum ckpt_status status = find_cie(frames, cie_off);

	if (status)
		return status;
	if (read_pointer(r, cie->code_encoding, frames->vaddr, &entry.vaddr) ||
	    read_format(r, cie->code_encoding, &entry.size))
		return CKPT_BADDATA;
	if (cie->has_size) {
		if (ckpt_read_uleb(r, &size))
			return CKPT_BADDATA;
		if (cie->lsda_encoding != PE_OMIT && size > 0 &&
		    read_pointer(r, cie->lsda_encoding, frames->vaddr,
				 &entry.lsda))
			return CKPT_BADDATA;
	}
	if (entry.vaddr == 0 || entry.size == 0)
		return CKPT_OK;
	return append(frames, entry);
}

/* NOTFOUND: the end. */
static enum ckpt_status read_record(struct frames *frames)
{
	struct ckpt_reader *r = &frames->r;
	uint32_t size, id;
	size_t id_off, end;
	enum ckpt_status status = CKPT_OK;

	if (ckpt_reader_left(r) == 0)
		return CKPT_NOTFOUND;
	if (ckpt_read_u32(r, &size))
		return CKPT_BADDATA;
	if (size == 0)
		return CKPT_NOTFOUND;
	if (size == UINT32_MAX)
		return CKPT_UNSUPPORTED;
	id_off = ckpt_reader_offset(r);
	end = id_off + size;
	if (ckpt_read_u32(r, &id))
		return CKPT_BADDATA;
	if (id > id_off)
		return CKPT_BADDATA;
	if (id != 0) {
		struct ckpt_reader body = *r;

		status = read_fde(frames, &body, id_off - id);
	}
	if (status)
		return status;
	return ckpt_reader_seek(r, end);
}

/* The address of .eh_frame: its section, or where .eh_frame_hdr points. */
static bool find_frames(const struct ckpt_image *image, struct ckpt_extent *ret)
{
	const struct ckpt_section *section =
		ckpt_image_section(image, ".eh_frame");
	struct ckpt_extent header = ckpt_image_unwind(image);
	const uint8_t *bytes;
	struct ckpt_reader r;
	const struct ckpt_segment *segment;
	uint64_t vaddr;

	if (section && section->type != SHT_NOBITS) {
		*ret = (struct ckpt_extent){section->vaddr, section->size};
		return true;
	}
	bytes = ckpt_image_bytes(image, header.vaddr, header.size);
	if (!bytes || header.size < 8)
		return false;
	ckpt_reader_init(&r, bytes, header.size);
	if (ckpt_reader_seek(&r, 4) ||
	    read_pointer(&r, bytes[1], header.vaddr, &vaddr))
		return false;
	segment = ckpt_image_segment_at(image, vaddr);
	if (!segment || vaddr - segment->vaddr >= segment->file_size)
		return false;
	*ret = (struct ckpt_extent){vaddr, segment->file_size -
						   (vaddr - segment->vaddr)};
	return true;
}

static int compare_entries(const void *a, const void *b)
{
	uint64_t x = ((const struct ckpt_unwind_entry *)a)->vaddr;
	uint64_t y = ((const struct ckpt_unwind_entry *)b)->vaddr;

	return (x > y) - (x < y);
}

enum ckpt_status ckpt_unwind_read(const struct ckpt_image *image,
				  struct ckpt_unwind_entry **ret,
				  size_t *ret_count, bool *ret_is_partial)
{
	struct frames frames = {.cie.off = UINT64_MAX};
	struct ckpt_extent extent;
	const void *bytes;
	enum ckpt_status status = CKPT_NOTFOUND;

	if (find_frames(image, &extent)) {
		bytes = ckpt_image_bytes(image, extent.vaddr, extent.size);
		if (bytes) {
			frames.vaddr = extent.vaddr;
			ckpt_reader_init(&frames.r, bytes, extent.size);
			do
				status = read_record(&frames);
			while (!status);
		}
	}
	if (status == CKPT_NOMEM) {
		free(frames.entries);
		return status;
	}
	if (frames.count > 0)
		qsort(frames.entries, frames.count, sizeof(*frames.entries),
		      compare_entries);
	*ret_is_partial = status != CKPT_NOTFOUND;
	*ret = frames.entries;
	*ret_count = frames.count;
	return CKPT_OK;
}

/* Follow the action records from `off`; their greatest filter in *max. */
static enum ckpt_status read_actions(struct ckpt_reader actions, uint64_t off,
				     uint64_t *max)
{
	for (unsigned steps = 0; steps < CKPT_LSDA_TYPES_MAX; steps++) {
		int64_t filter, next;
		size_t next_off;

		if (ckpt_reader_seek(&actions, off) ||
		    ckpt_read_sleb(&actions, &filter))
			return CKPT_UNSUPPORTED;
		next_off = ckpt_reader_offset(&actions);
		if (ckpt_read_sleb(&actions, &next))
			return CKPT_UNSUPPORTED;
		/* Exception specifications (filter < 0) stand elsewhere. */
		if (filter < 0)
			return CKPT_UNSUPPORTED;
		if ((uint64_t)filter > *max)
			*max = (uint64_t)filter;
		if (next == 0)
			return CKPT_OK;
		off = next_off + (uint64_t)next;
	}
	return CKPT_UNSUPPORTED;
}

/* The greatest filter that the call sites up to `end` use. `r` stands at the
 * first one. */
static enum ckpt_status read_call_sites(struct ckpt_reader *r, size_t end,
					uint8_t encoding, uint64_t *ret_max)
{
	struct ckpt_reader actions;
	uint64_t max = 0;

	if (end > (size_t)(r->end - r->start))
		return CKPT_UNSUPPORTED;
	ckpt_reader_init(&actions, r->start + end,
			 (size_t)(r->end - r->start) - end);
	while (ckpt_reader_offset(r) < end) {
		uint64_t start, size, pad, action;

		if (read_format(r, encoding, &start) ||
		    read_format(r, encoding, &size) ||
		    read_format(r, encoding, &pad) ||
		    ckpt_read_uleb(r, &action))
			return CKPT_UNSUPPORTED;
		if (action > 0 && read_actions(actions, action - 1, &max))
			return CKPT_UNSUPPORTED;
	}
	*ret_max = max;
	return CKPT_OK;
}

static size_t type_entry_size(uint8_t encoding)
{
	switch (encoding & PE_FORMAT) {
	case PE_UDATA4:
	case PE_SDATA4:
		return 4;
	case PE_ABSOLUTE:
	case PE_UDATA8:
	case PE_SDATA8:
		return 8;
	default:
		return 0;
	}
}

static enum ckpt_status read_types(struct ckpt_reader *r, uint64_t vaddr,
				   uint64_t base, uint8_t encoding,
				   uint64_t count, struct ckpt_lsda *ret)
{
	size_t size = type_entry_size(encoding);

	if (size == 0 || count >= CKPT_LSDA_TYPES_MAX || base < count * size)
		return CKPT_UNSUPPORTED;
	for (uint64_t i = 0; i < count; i++) {
		if (ckpt_reader_seek(r, base - (i + 1) * size) ||
		    read_pointer(r, encoding & (uint8_t)~PE_INDIRECT, vaddr,
				 &ret->types[i]))
			return CKPT_UNSUPPORTED;
	}
	ret->type_count = count;
	ret->is_indirect = encoding & PE_INDIRECT;
	ret->size = base - count * size;
	return CKPT_OK;
}

enum ckpt_status ckpt_unwind_read_lsda(const struct ckpt_image *image,
				       uint64_t vaddr, struct ckpt_lsda *ret)
{
	const struct ckpt_segment *segment =
		ckpt_image_segment_at(image, vaddr);
	uint8_t start_encoding, type_encoding, site_encoding;
	uint64_t type_off = 0, base = 0, sites_size, max = 0;
	struct ckpt_reader r;
	size_t sites_end;

	if (!segment || vaddr - segment->vaddr >= segment->file_size)
		return CKPT_UNSUPPORTED;
	ckpt_reader_init(&r, ckpt_image_bytes(image, vaddr, 1),
			 segment->file_size - (vaddr - segment->vaddr));
	if (ckpt_read_u8(&r, &start_encoding) || start_encoding != PE_OMIT ||
	    ckpt_read_u8(&r, &type_encoding))
		return CKPT_UNSUPPORTED;
	if (type_encoding != PE_OMIT) {
		if (ckpt_read_uleb(&r, &type_off))
			return CKPT_UNSUPPORTED;
		base = ckpt_reader_offset(&r) + type_off;
	}
	if (ckpt_read_u8(&r, &site_encoding) ||
	    ckpt_read_uleb(&r, &sites_size) ||
	    sites_size > ckpt_reader_left(&r))
		return CKPT_UNSUPPORTED;
	sites_end = ckpt_reader_offset(&r) + sites_size;
	if (read_call_sites(&r, sites_end, site_encoding, &max))
		return CKPT_UNSUPPORTED;
	*ret = (struct ckpt_lsda){.vaddr = vaddr, .size = sites_end};
	if (type_encoding == PE_OMIT)
		return max == 0 ? CKPT_OK : CKPT_UNSUPPORTED;
	return read_types(&r, vaddr, base, type_encoding, max, ret);
}
