/* SPDX-License-Identifier: MIT */
/*
 * Each is loaded at run time: what is not installed (liblmdb0, libsqlite3-0,
 * redis-server) is not measured.
 */
#include "tools/bench/backend.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- LMDB (lmdb.h, 0.9): its functions by name ---- */

struct mdb_val {
	size_t size;
	void *data;
};

struct lmdb {
	void *env, *reader;
	unsigned dbi;
	int (*put)(void *txn, unsigned dbi, struct mdb_val *key,
		   struct mdb_val *data, unsigned flags);
	int (*get)(void *txn, unsigned dbi, struct mdb_val *key,
		   struct mdb_val *data);
	int (*begin)(void *env, void *parent, unsigned flags, void **txn);
	int (*commit)(void *txn);
	int (*renew)(void *txn);
	void (*reset)(void *txn);
	void (*abort)(void *txn);
	void (*close)(void *env);
};

enum { MDB_NOSYNC = 0x10000, MDB_RDONLY = 0x20000, MDB_CREATE = 0x40000 };

static void *find(void *library, const char *name)
{
	void *function = library ? dlsym(library, name) : NULL;

	if (library && !function)
		fprintf(stderr, "%s is missing\n", name);
	return function;
}

static bool start_lmdb(struct lmdb *db, void *library,
		       const struct bench_load *load)
{
	int (*create)(void **) = find(library, "mdb_env_create");
	int (*set_size)(void *, size_t) = find(library, "mdb_env_set_mapsize");
	int (*open_env)(void *, const char *, unsigned, unsigned) =
		find(library, "mdb_env_open");
	int (*open_dbi)(void *, const char *, unsigned, unsigned *) =
		find(library, "mdb_dbi_open");
	size_t map_size = load->count * (load->size + 8192) * 2 + (64 << 20);
	void *txn;

	if (create(&db->env) || set_size(db->env, map_size) ||
	    open_env(db->env, load->directory, MDB_NOSYNC, 0600) ||
	    db->begin(db->env, NULL, 0, &txn) ||
	    open_dbi(txn, NULL, MDB_CREATE, &db->dbi) || db->commit(txn) ||
	    db->begin(db->env, NULL, MDB_RDONLY, &db->reader))
		return false;
	db->reset(db->reader);
	return true;
}

static void *open_lmdb(const struct bench_load *load)
{
	void *library = dlopen("liblmdb.so.0", RTLD_NOW);
	struct lmdb *db = calloc(1, sizeof(*db));

	if (!library || !db)
		return NULL;
	db->put = find(library, "mdb_put");
	db->get = find(library, "mdb_get");
	db->begin = find(library, "mdb_txn_begin");
	db->commit = find(library, "mdb_txn_commit");
	db->abort = find(library, "mdb_txn_abort");
	db->renew = find(library, "mdb_txn_renew");
	db->reset = find(library, "mdb_txn_reset");
	db->close = find(library, "mdb_env_close");
	return start_lmdb(db, library, load) ? db : NULL;
}

static void close_lmdb(void *state)
{
	struct lmdb *db = state;

	db->abort(db->reader);
	db->close(db->env);
	free(db);
}

static bool put_lmdb(void *state, struct ckpt_hash128 key, const void *value,
		     size_t size)
{
	struct lmdb *db = state;
	struct mdb_val k = {sizeof(key), &key};
	struct mdb_val v = {size, (void *)(uintptr_t)value};
	void *txn;

	return !db->begin(db->env, NULL, 0, &txn) &&
	       !db->put(txn, db->dbi, &k, &v, 0) && !db->commit(txn);
}

static size_t get_lmdb(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	struct lmdb *db = state;
	struct mdb_val k = {sizeof(key), &key};
	struct mdb_val v = {0, NULL};

	if (db->renew(db->reader))
		return 0;
	if (!db->get(db->reader, db->dbi, &k, &v)) {
		memcpy(bench_copy, v.data, v.size);
		memcpy(word, bench_copy, sizeof(*word));
	}
	db->reset(db->reader);
	return v.size;
}

const struct bench_backend bench_lmdb = {
	.name = "LMDB",
	.open = open_lmdb,
	.put = put_lmdb,
	.get = get_lmdb,
	.close = close_lmdb,
};

/* ---- SQLite ---- */

struct sqlite {
	void *db, *select, *insert;
	int (*bind)(void *, int, const void *, int, void (*)(void *));
	int (*step)(void *);
	int (*reset)(void *);
	const void *(*blob)(void *, int);
	int (*bytes)(void *, int);
	int (*finalize)(void *);
	int (*close)(void *);
};

static bool start_sqlite(struct sqlite *db, void *library,
			 const char *directory)
{
	int (*open_db)(const char *, void **) = find(library, "sqlite3_open");
	int (*prepare)(void *, const char *, int, void **, const char **) =
		find(library, "sqlite3_prepare_v2");
	int (*exec)(void *, const char *, void *, void *, char **) =
		find(library, "sqlite3_exec");
	char path[256];

	snprintf(path, sizeof(path), "%s/sqlite", directory);
	return !open_db(path, &db->db) &&
	       !exec(db->db,
		     "pragma journal_mode = wal; pragma synchronous = off;"
		     "create table t (k blob primary key, v blob) "
		     "without rowid",
		     NULL, NULL, NULL) &&
	       !prepare(db->db, "select v from t where k = ?", -1, &db->select,
			NULL) &&
	       !prepare(db->db, "insert into t values (?, ?)", -1, &db->insert,
			NULL);
}

static void *open_sqlite(const struct bench_load *load)
{
	void *library = dlopen("libsqlite3.so.0", RTLD_NOW);
	struct sqlite *db = calloc(1, sizeof(*db));

	if (!library || !db)
		return NULL;
	db->bind = find(library, "sqlite3_bind_blob");
	db->step = find(library, "sqlite3_step");
	db->reset = find(library, "sqlite3_reset");
	db->blob = find(library, "sqlite3_column_blob");
	db->bytes = find(library, "sqlite3_column_bytes");
	db->finalize = find(library, "sqlite3_finalize");
	db->close = find(library, "sqlite3_close");
	return start_sqlite(db, library, load->directory) ? db : NULL;
}

static void close_sqlite(void *state)
{
	struct sqlite *db = state;

	db->finalize(db->select);
	db->finalize(db->insert);
	db->close(db->db);
	free(db);
}

static bool put_sqlite(void *state, struct ckpt_hash128 key, const void *value,
		       size_t size)
{
	enum { DONE = 101 };
	struct sqlite *db = state;
	bool is_done;

	db->bind(db->insert, 1, &key, sizeof(key), NULL);
	db->bind(db->insert, 2, value, (int)size, NULL);
	is_done = db->step(db->insert) == DONE;
	db->reset(db->insert);
	return is_done;
}

static size_t get_sqlite(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	enum { ROW = 100 };
	struct sqlite *db = state;
	size_t size = 0;

	db->bind(db->select, 1, &key, sizeof(key), NULL);
	if (db->step(db->select) == ROW) {
		size = (size_t)db->bytes(db->select, 0);
		memcpy(bench_copy, db->blob(db->select, 0), size);
		memcpy(word, bench_copy, sizeof(*word));
	}
	db->reset(db->select);
	return size;
}

const struct bench_backend bench_sqlite = {
	.name = "SQLite",
	.open = open_sqlite,
	.put = put_sqlite,
	.get = get_sqlite,
	.close = close_sqlite,
};

/* ---- Redis: its protocol, as little as it takes ---- */

struct redis {
	pid_t pid;
	int fd;
};

static bool start_redis(struct redis *redis, const char *directory,
			struct sockaddr_un *address)
{
	address->sun_family = AF_UNIX;
	if (snprintf(address->sun_path, sizeof(address->sun_path),
		     "%s/redis.sock",
		     directory) >= (int)sizeof(address->sun_path))
		return false;
	redis->pid = fork();
	if (!redis->pid) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(1);
		execlp("redis-server", "redis-server", "--port", "0",
		       "--unixsocket", address->sun_path, "--save", "",
		       "--appendonly", "no", "--dir", directory, (char *)NULL);
		_exit(1);
	}
	return redis->pid > 0;
}

static void close_redis(void *state)
{
	struct redis *redis = state;

	if (redis->fd >= 0)
		close(redis->fd);
	if (redis->pid > 0) {
		kill(redis->pid, SIGKILL);
		waitpid(redis->pid, NULL, 0);
	}
	free(redis);
}

static void *open_redis(const struct bench_load *load)
{
	struct sockaddr_un address = {0};
	struct redis *redis = calloc(1, sizeof(*redis));

	if (!redis)
		return NULL;
	redis->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!system("command -v redis-server >/dev/null") &&
	    start_redis(redis, load->directory, &address)) {
		for (int i = 0; i < 200; i++) {
			if (!connect(redis->fd, (struct sockaddr *)&address,
				     sizeof(address)))
				return redis;
			usleep(10000);
		}
	}
	close_redis(redis);
	return NULL;
}

static bool send_all(int fd, const void *data, size_t size)
{
	const uint8_t *from = data;

	while (size) {
		ssize_t n = send(fd, from, size, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		from += n;
		size -= (size_t)n;
	}
	return true;
}

static bool put_redis(void *state, struct ckpt_hash128 key, const void *value,
		      size_t size)
{
	struct redis *redis = state;
	char head[128];
	char answer[16];
	int n = snprintf(head, sizeof(head),
			 "*3\r\n$3\r\nSET\r\n$16\r\n................\r\n"
			 "$%zu\r\n",
			 size);

	memcpy(head + 20, &key, 16);
	return send_all(redis->fd, head, (size_t)n) &&
	       send_all(redis->fd, value, size) &&
	       send_all(redis->fd, "\r\n", 2) &&
	       recv(redis->fd, answer, sizeof(answer), 0) == 5;
}

/* "$<size>\r\n<bytes>\r\n" */
static size_t get_redis(void *state, struct ckpt_hash128 key, uint64_t *word)
{
	struct redis *redis = state;
	char head[] = "*2\r\n$3\r\nGET\r\n$16\r\n................\r\n";
	size_t size = 0, got;
	char *body;
	ssize_t n;

	memcpy(head + 20, &key, 16);
	if (!send_all(redis->fd, head, sizeof(head) - 1))
		return 0;
	n = recv(redis->fd, bench_copy, BENCH_VALUE_MAX + BENCH_SPARE, 0);
	if (n < 4 || bench_copy[0] != '$')
		return 0;
	size = strtoull((char *)bench_copy + 1, &body, 10);
	got = (size_t)n - (size_t)(body + 2 - (char *)bench_copy);
	while (got < size + 2) {
		n = recv(redis->fd, bench_copy, size + 2 - got, 0);
		if (n <= 0)
			return 0;
		got += (size_t)n;
	}
	memcpy(word, body, sizeof(*word));
	return size;
}

const struct bench_backend bench_redis = {
	.name = "Redis",
	.open = open_redis,
	.put = put_redis,
	.get = get_redis,
	.close = close_redis,
};
