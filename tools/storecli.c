/* SPDX-License-Identifier: MIT */
#include "tools/storecli.h"

#include <ctype.h>
#include <stdlib.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "shim/common/cleanup.h"
#include "shim/common/payload.h"
#include "tools/cli.h"

/* A store that was made to be shared tells so by its mode. */
static bool is_shared(const char *directory)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/v1", directory);
	return !stat(path, &st) && (st.st_mode & S_ISGID);
}

enum ckpt_status ckpt_storecli_open(const char *config, bool is_readonly,
				    struct ckpt_store **ret,
				    char **ret_directory, struct ckpt_err *err)
{
	struct ckpt_store_options options = {.is_readonly = true};
	enum ckpt_status status;

	ckpt_hash_init();
	status = ckpt_cli_store_directory(config, ret_directory, err);
	if (status)
		return status;
	options.is_shared = is_shared(*ret_directory);
	/* Looking first: a command must not create a store. */
	status = ckpt_store_open(*ret_directory, &options, ret, err);
	if (status == CKPT_NOTFOUND)
		return ckpt_err_set(err, status,
				    "%s: there is no store yet; `ckpt run -- "
				    "PROGRAM` makes one",
				    *ret_directory);
	if (status || is_readonly)
		return status;
	ckpt_store_close(*ret);
	*ret = NULL;
	options.is_readonly = false;
	return ckpt_store_open(*ret_directory, &options, ret, err);
}

/* The array is the caller's, the texts are the config's. */
static const char **list_lower(const struct ckpt_config *config)
{
	const char **list = calloc(config->lower.count + 1, sizeof(*list));

	for (size_t i = 0; list && i < config->lower.count; i++)
		list[i] = config->lower.items[i];
	return list;
}

enum ckpt_status ckpt_storecli_open_family(const char *config,
					   struct ckpt_store **ret,
					   char **ret_directory,
					   struct ckpt_err *err)
{
	struct ckpt_store_options options = {.is_readonly = true};
	_cleanup_free_ const char **lower = NULL;
	struct ckpt_store *family = NULL;
	struct ckpt_config *loaded;
	enum ckpt_status status;

	status = ckpt_storecli_open(config, true, ret, ret_directory, err);
	if (status || ckpt_cli_config_load(config, &loaded, NULL))
		return status;
	lower = list_lower(loaded);
	options.lower = lower;
	options.is_shared = is_shared(*ret_directory);
	/* One that is no relative is told when programs run. */
	if (lower &&
	    !ckpt_store_open(*ret_directory, &options, &family, NULL)) {
		ckpt_store_close(*ret);
		*ret = family;
	}
	ckpt_config_destroy(loaded);
	return CKPT_OK;
}

enum ckpt_status ckpt_storecli_limits(const char *config,
				      struct ckpt_evict_limits *ret,
				      struct ckpt_err *err)
{
	struct ckpt_config *loaded = NULL;
	enum ckpt_status status = ckpt_cli_config_load(config, &loaded, err);

	*ret = (struct ckpt_evict_limits){.max_size = 0};
	if (status)
		return getenv("CKPT_DIR") && !config ? CKPT_OK : status;
	ret->max_size = loaded->max_size;
	ret->max_entries = loaded->max_entries;
	ret->max_age_s = loaded->max_age_s;
	ckpt_config_destroy(loaded);
	return CKPT_OK;
}

void ckpt_storecli_size(uint64_t size, char text[CKPT_STORECLI_TEXT_SIZE])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double value = (double)size;
	int unit = 0;

	for (; value >= 999.5 && unit < 5; unit++)
		value /= 1000;
	snprintf(text, CKPT_STORECLI_TEXT_SIZE,
		 unit && value < 99.5 ? "%.1f %s" : "%.0f %s", value,
		 units[unit]);
}

void ckpt_storecli_age(int64_t seconds, char text[CKPT_STORECLI_TEXT_SIZE])
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};

	/* The clock was set back since. */
	if (seconds < 0)
		seconds = 0;
	for (int i = 0; i < 4; i++) {
		if (seconds < units[i].seconds && i < 3)
			continue;
		snprintf(text, CKPT_STORECLI_TEXT_SIZE, "%lld %s",
			 (long long)(seconds / units[i].seconds),
			 units[i].name);
		return;
	}
}

void ckpt_storecli_duration(uint64_t ns, char text[CKPT_STORECLI_TEXT_SIZE])
{
	static const struct {
		const char *name;
		double of_next; /* so many make the next one */
		double until;	/* and from so many on it is used */
	} units[] = {{"ns", 1000, 999.5}, {"us", 1000, 999.5},
		     {"ms", 1000, 999.5}, {"s", 60, 120},
		     {"min", 60, 120},	  {"h", 24, 72},
		     {"d", 1, INFINITY}};
	double value = (double)ns;
	int unit = 0;

	for (; value >= units[unit].until; unit++)
		value /= units[unit].of_next;
	snprintf(text, CKPT_STORECLI_TEXT_SIZE,
		 unit && value < 99.5 ? "%.1f %s" : "%.0f %s", value,
		 units[unit].name);
}

bool ckpt_storecli_parse_age(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t seconds;
	} units[] = {{"", 1},	  {"s", 1},	{"m", 60},    {"min", 60},
		     {"h", 3600}, {"d", 86400}, {"w", 604800}};
	char *end = NULL;
	unsigned long long value;

	if (!isdigit((unsigned char)*text))
		return false;
	value = strtoull(text, &end, 10);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name))
			return !__builtin_mul_overflow(value, units[i].seconds,
						       ret);
	return false;
}

static bool has_key(const struct ckpt_storecli_filter *filter,
		    struct ckpt_hash128 key)
{
	char text[CKPT_HASH_TEXT_SIZE];

	ckpt_hash_text(key, text);
	for (int i = 0; i < filter->key_count; i++)
		if (!strncasecmp(text, filter->keys[i],
				 strlen(filter->keys[i])))
			return true;
	return false;
}

/* The function it is of, also if it keeps the inputs of a call. */
static const char *function_of(const struct ckpt_entry_info *info)
{
	size_t size = strlen(CKPT_PAYLOAD_INPUTS_NAME);

	if (!strncmp(info->function, CKPT_PAYLOAD_INPUTS_NAME, size))
		return info->function + size;
	return info->function;
}

bool ckpt_storecli_matches(const struct ckpt_storecli_filter *filter,
			   const struct ckpt_walk_entry *entry)
{
	if (filter->function &&
	    strcmp(filter->function, function_of(&entry->info)) != 0)
		return false;
	if (filter->older_s &&
	    time(NULL) - entry->info.created_s < (int64_t)filter->older_s)
		return false;
	return !filter->key_count || has_key(filter, entry->key);
}

const char *ckpt_storecli_bad_key(const struct ckpt_storecli_filter *filter)
{
	for (int i = 0; i < filter->key_count; i++) {
		size_t size = strlen(filter->keys[i]);

		if (!size || size > 32 ||
		    strspn(filter->keys[i], "0123456789abcdefABCDEF") != size)
			return filter->keys[i];
	}
	return NULL;
}
