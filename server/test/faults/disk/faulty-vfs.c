/*
 * A virtual file system of SQLite (https://sqlite.org/vfs.html) between SQLite and the real one. Loaded as an extension it becomes the default
 * of its process, so that the service's own code runs on it unchanged. For databases and write-ahead logs it
 *
 * - makes operations fail at random as the control file says (`struct control`, shared memory, which the test changes while it runs);
 * - writes every change of a file, and every sync, to a log, from which `power-cut.ts` builds what a disk may hold after a power cut.
 *
 * Reads, locks and shared memory are passed on. faulty-vfs.ts describes the log's format.
 */
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* Shares of operations that fail, in 1/10,000. */
struct control {
  uint32_t write_error;   /* EIO before anything is written */
  uint32_t short_write;   /* a part is written, then ENOSPC */
  uint32_t sync_error;    /* EIO, and nothing is synced */
  uint32_t lying_sync;    /* success, and nothing is synced */
  uint32_t truncate_error;
  uint32_t delay;         /* sleeps before the operation */
  uint32_t delay_us;
  uint32_t failures;      /* counted here */
};

enum { OP_OPEN = 1, OP_WRITE, OP_TRUNCATE, OP_SYNC, OP_DELETE, OP_CLOSE }; /* 7: an acknowledgement, by the test */

struct record {
  uint32_t op;
  uint32_t file;
  int64_t offset;
  int64_t length; /* of the data that follow; of a truncation, the new size; of an acknowledgement, its readings */
};

typedef struct {
  sqlite3_file base;
  uint32_t id; /* 0: neither logged nor made to fail */
  sqlite3_file *real;
} faulty_file;

static sqlite3_vfs *real_vfs;
static sqlite3_vfs vfs;
static volatile struct control *control;
static int log_fd = -1;
static uint32_t last_id;
static uint64_t random_state;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void write_log(uint32_t op, uint32_t file, int64_t offset, int64_t length, const void *data, size_t bytes) {
  if (log_fd < 0) return;
  struct record record = {op, file, offset, length};
  struct iovec parts[2] = {{&record, sizeof record}, {(void *)data, bytes}};
  /* One call with O_APPEND: records of the test and of several threads do not mix. */
  if (writev(log_fd, parts, data == NULL ? 1 : 2) < 0) abort();
}

static int happens(uint32_t share) {
  if (share == 0) return 0;
  pthread_mutex_lock(&mutex);
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  int yes = random_state % 10000 < share;
  if (yes) control->failures++;
  pthread_mutex_unlock(&mutex);
  return yes;
}

static void maybe_wait(void) {
  if (control && happens(control->delay)) usleep(control->delay_us);
}

#define REAL(file) (((faulty_file *)(file))->real)
#define ID(file) (((faulty_file *)(file))->id)

static int f_close(sqlite3_file *file) {
  if (ID(file)) write_log(OP_CLOSE, ID(file), 0, 0, NULL, 0);
  int rc = REAL(file)->pMethods ? REAL(file)->pMethods->xClose(REAL(file)) : SQLITE_OK;
  sqlite3_free(REAL(file));
  return rc;
}
static int f_read(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at) {
  return REAL(file)->pMethods->xRead(REAL(file), to, bytes, at);
}
static int f_write(sqlite3_file *file, const void *data, int bytes, sqlite3_int64 at) {
  if (ID(file) && control) {
    maybe_wait();
    if (happens(control->write_error)) return SQLITE_IOERR_WRITE;
    if (happens(control->short_write)) {
      int part = bytes / 2;
      if (REAL(file)->pMethods->xWrite(REAL(file), data, part, at) == SQLITE_OK)
        write_log(OP_WRITE, ID(file), at, part, data, part);
      return SQLITE_FULL;
    }
  }
  int rc = REAL(file)->pMethods->xWrite(REAL(file), data, bytes, at);
  if (ID(file) && rc == SQLITE_OK) write_log(OP_WRITE, ID(file), at, bytes, data, bytes);
  return rc;
}
static int f_truncate(sqlite3_file *file, sqlite3_int64 size) {
  if (ID(file) && control && happens(control->truncate_error)) return SQLITE_IOERR_TRUNCATE;
  int rc = REAL(file)->pMethods->xTruncate(REAL(file), size);
  if (ID(file) && rc == SQLITE_OK) write_log(OP_TRUNCATE, ID(file), 0, size, NULL, 0);
  return rc;
}
static int f_sync(sqlite3_file *file, int flags) {
  if (ID(file) && control) {
    maybe_wait();
    if (happens(control->sync_error)) return SQLITE_IOERR_FSYNC;
    if (happens(control->lying_sync)) return SQLITE_OK;
  }
  /* The log decides what a power cut leaves, so that the disk itself need not be waited for. */
  if (ID(file)) write_log(OP_SYNC, ID(file), 0, 0, NULL, 0);
  return log_fd >= 0 && ID(file) ? SQLITE_OK : REAL(file)->pMethods->xSync(REAL(file), flags);
}
static int f_size(sqlite3_file *file, sqlite3_int64 *size) { return REAL(file)->pMethods->xFileSize(REAL(file), size); }
static int f_lock(sqlite3_file *file, int lock) { return REAL(file)->pMethods->xLock(REAL(file), lock); }
static int f_unlock(sqlite3_file *file, int lock) { return REAL(file)->pMethods->xUnlock(REAL(file), lock); }
static int f_reserved(sqlite3_file *file, int *out) { return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out); }
static int f_control(sqlite3_file *file, int op, void *arg) {
  return REAL(file)->pMethods->xFileControl(REAL(file), op, arg);
}
static int f_sector(sqlite3_file *file) { return REAL(file)->pMethods->xSectorSize(REAL(file)); }
static int f_characteristics(sqlite3_file *file) {
  return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int f_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  return REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}
static int f_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
  return REAL(file)->pMethods->xShmLock(REAL(file), offset, n, flags);
}
static void f_shm_barrier(sqlite3_file *file) { REAL(file)->pMethods->xShmBarrier(REAL(file)); }
static int f_shm_unmap(sqlite3_file *file, int remove) { return REAL(file)->pMethods->xShmUnmap(REAL(file), remove); }

static const sqlite3_io_methods methods = {
    2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock, f_unlock, f_reserved, f_control, f_sector,
    f_characteristics, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap, NULL, NULL};

static int v_open(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags, int *out) {
  faulty_file *faulty = (faulty_file *)file;
  faulty->base.pMethods = NULL;
  faulty->real = sqlite3_malloc(real_vfs->szOsFile);
  if (faulty->real == NULL) return SQLITE_NOMEM;
  memset(faulty->real, 0, real_vfs->szOsFile);
  int rc = real_vfs->xOpen(real_vfs, name, faulty->real, flags, out);
  if (rc != SQLITE_OK) {
    sqlite3_free(faulty->real);
    return rc;
  }
  faulty->id = 0;
  if (name != NULL && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))) {
    pthread_mutex_lock(&mutex);
    faulty->id = ++last_id;
    pthread_mutex_unlock(&mutex);
    write_log(OP_OPEN, faulty->id, 0, strlen(name), name, strlen(name));
  }
  faulty->base.pMethods = &methods;
  return SQLITE_OK;
}
static int v_delete(sqlite3_vfs *self, const char *name, int sync_folder) {
  int rc = real_vfs->xDelete(real_vfs, name, sync_folder);
  if (rc == SQLITE_OK) write_log(OP_DELETE, 0, sync_folder, strlen(name), name, strlen(name));
  return rc;
}
static int v_access(sqlite3_vfs *self, const char *name, int flags, int *out) {
  return real_vfs->xAccess(real_vfs, name, flags, out);
}
static int v_full_path(sqlite3_vfs *self, const char *name, int bytes, char *out) {
  return real_vfs->xFullPathname(real_vfs, name, bytes, out);
}
static int v_random(sqlite3_vfs *self, int bytes, char *out) { return real_vfs->xRandomness(real_vfs, bytes, out); }
static int v_sleep(sqlite3_vfs *self, int us) { return real_vfs->xSleep(real_vfs, us); }
static int v_time(sqlite3_vfs *self, double *out) { return real_vfs->xCurrentTime(real_vfs, out); }
static int v_last_error(sqlite3_vfs *self, int bytes, char *out) { return real_vfs->xGetLastError(real_vfs, bytes, out); }
static int v_time64(sqlite3_vfs *self, sqlite3_int64 *out) { return real_vfs->xCurrentTimeInt64(real_vfs, out); }

int sqlite3_faultyvfs_init(sqlite3 *db, char **error, const sqlite3_api_routines *api) {
  SQLITE_EXTENSION_INIT2(api);
  const char *log = getenv("FAULTY_VFS_LOG");
  const char *shared = getenv("FAULTY_VFS_CONTROL");
  const char *seed = getenv("FAULTY_VFS_SEED");
  random_state = 88172645463325252ULL + (seed ? strtoull(seed, NULL, 10) * 2654435761ULL : 0);
  if (log != NULL) log_fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (shared != NULL) {
    int fd = open(shared, O_RDWR | O_CLOEXEC);
    void *memory = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) return SQLITE_ERROR;
    control = memory;
  }
  real_vfs = sqlite3_vfs_find(NULL);
  vfs = *real_vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(faulty_file);
  vfs.zName = "faulty";
  vfs.pNext = NULL;
  vfs.xOpen = v_open;
  vfs.xDelete = v_delete;
  vfs.xAccess = v_access;
  vfs.xFullPathname = v_full_path;
  vfs.xRandomness = v_random;
  vfs.xSleep = v_sleep;
  vfs.xCurrentTime = v_time;
  vfs.xGetLastError = v_last_error;
  vfs.xCurrentTimeInt64 = v_time64;
  int rc = sqlite3_vfs_register(&vfs, 1);
  return rc == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : rc;
}
