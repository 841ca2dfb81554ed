/*
 * Preloaded into the server under torture: counts every operation that changes a file below a folder,
 * ends the process at a chosen one, pretends that the disk is full, and records what was done.
 *
 *   IOTRACE_ROOT     the folder, absolute and resolved
 *   IOTRACE_CONTROL  file of 4 64-bit numbers, shared with the harness while the server runs:
 *                    [0] operations so far, [1] end the process at this one (0: never),
 *                    [2] 1: after it was done, 0: before it, [3] octets that files may still grow by
 *                    (negative: no limit)
 *   IOTRACE_OUT      where operations are recorded; absent: nowhere
 *
 * A record is: kind (1 octet), length of the path (2), offset (8), length of the data (4), path, data;
 * all little-endian. Kinds: C create, O truncate at opening, W write, Z write of zeros (without data),
 * T truncate to offset, S fsync, U unlink, R rename (the new path as data), M mkdir, E a write to standard error.
 * One lock is held around each operation and its record, so the order is the true one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FDS 4096

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_len;
static volatile int64_t *control;
static int out = -1;
static char *paths[FDS];
static int appends[FDS];

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_ftruncate)(int, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_mkdir)(const char *, mode_t);
static int (*real_close)(int);
static int (*real_dup)(int);
static int (*real_dup2)(int, int);
static int (*real_dup3)(int, int, int);
static int (*real_fcntl)(int, int, ...);

__attribute__((constructor)) static void begin(void)
{
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_mkdir = dlsym(RTLD_NEXT, "mkdir");
    real_close = dlsym(RTLD_NEXT, "close");
    real_dup = dlsym(RTLD_NEXT, "dup");
    real_dup2 = dlsym(RTLD_NEXT, "dup2");
    real_dup3 = dlsym(RTLD_NEXT, "dup3");
    real_fcntl = dlsym(RTLD_NEXT, "fcntl64");
    if (!real_fcntl)
        real_fcntl = dlsym(RTLD_NEXT, "fcntl");
    const char *folder = getenv("IOTRACE_ROOT");
    const char *shared = getenv("IOTRACE_CONTROL");
    const char *record = getenv("IOTRACE_OUT");
    if (!folder || !shared || strlen(folder) >= sizeof root)
        return;
    int fd = real_open(shared, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, 32, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    real_close(fd);
    if (mapped == MAP_FAILED)
        return;
    if (record)
        out = real_open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    strcpy(root, folder);
    root_len = strlen(root);
    control = mapped;
}

/* The path below the root, with its leading slash; NULL where it is none of ours. */
static const char *below(const char *path)
{
    if (!control || strncmp(path, root, root_len) != 0)
        return NULL;
    const char *rest = path + root_len;
    if (*rest != '/' && *rest != '\0')
        return NULL;
    /* SQLite's index of its log is rebuilt from the log: nothing depends on what a cut leaves of it. */
    size_t length = strlen(rest);
    if (length >= 4 && strcmp(rest + length - 4, "-shm") == 0)
        return NULL;
    return rest;
}

static const char *of_fd(int fd)
{
    return fd >= 0 && fd < FDS && control ? paths[fd] : NULL;
}

static void put(const void *data, size_t length)
{
    const char *at = data;
    while (length > 0) {
        ssize_t done = real_write(out, at, length);
        if (done <= 0)
            return;
        at += done;
        length -= (size_t)done;
    }
}

static void record(char kind, const char *path, int64_t offset, const void *data, uint32_t length, int with_data)
{
    if (out < 0)
        return;
    unsigned char head[15];
    uint16_t path_length = (uint16_t)strlen(path);
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &path_length, 2);
    memcpy(head + 3, &offset, 8);
    memcpy(head + 11, &length, 4);
    put(head, sizeof head);
    put(path, path_length);
    if (with_data)
        put(data, length);
}

/* Counts one operation; the process may end here. */
static void before(void)
{
    control[0]++;
    if (control[1] && control[0] >= control[1] && !control[2])
        kill(getpid(), SIGKILL);
}

static void after(void)
{
    if (control[1] && control[0] >= control[1] && control[2])
        kill(getpid(), SIGKILL);
}

/* Takes what a file grows by from the space that is left; 0 where there is not enough. */
static int grow(int fd, int64_t end)
{
    if (control[3] < 0)
        return 1;
    struct stat now;
    if (fstat(fd, &now) != 0 || end <= now.st_size)
        return 1;
    int64_t by = end - now.st_size;
    if (by > control[3])
        return 0;
    control[3] -= by;
    return 1;
}

static void give_back(int64_t octets)
{
    if (control[3] >= 0)
        control[3] += octets;
}

static int all_zero(const unsigned char *data, size_t length)
{
    return length > 0 && data[0] == 0 && memcmp(data, data + 1, length - 1) == 0;
}

static void wrote(const char *path, int64_t offset, const void *data, ssize_t done)
{
    if (done <= 0)
        return;
    int zeros = all_zero(data, (size_t)done);
    record(zeros ? 'Z' : 'W', path, offset, data, (uint32_t)done, !zeros);
}

static void remember(int fd, const char *rest, int flags)
{
    if (fd < 0 || fd >= FDS)
        return;
    free(paths[fd]);
    paths[fd] = strdup(rest);
    appends[fd] = (flags & O_APPEND) != 0;
}

static int opened(const char *path, int flags, mode_t mode, int at)
{
    const char *rest = path[0] == '/' ? below(path) : NULL;
    if (!rest)
        return at == AT_FDCWD ? real_open(path, flags, mode) : real_openat(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    struct stat had;
    int is_new = (flags & O_CREAT) && stat(path, &had) != 0;
    int cuts = (flags & O_TRUNC) && !is_new && stat(path, &had) == 0 && had.st_size > 0;
    if (is_new || cuts)
        before();
    int fd = real_open(path, flags, mode);
    int kept = errno;
    if (fd >= 0) {
        remember(fd, rest, flags);
        if (is_new)
            record('C', rest, 0, NULL, 0, 0);
        if (cuts) {
            give_back(had.st_size);
            record('O', rest, 0, NULL, 0, 0);
        }
        if (is_new || cuts)
            after();
    }
    errno = kept;
    pthread_mutex_unlock(&lock);
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & O_CREAT) ? va_arg(rest, mode_t) : 0;
}

#define OPEN(name)                                                                                        \
    int name(const char *path, int flags, ...)                                                           \
    {                                                                                                     \
        va_list rest;                                                                                     \
        va_start(rest, flags);                                                                            \
        mode_t mode = mode_of(flags, rest);                                                               \
        va_end(rest);                                                                                     \
        if (!real_open)                                                                                   \
            begin();                                                                                      \
        return opened(path, flags, mode, AT_FDCWD);                                                       \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                      \
    int name(int at, const char *path, int flags, ...)                                                   \
    {                                                                                                     \
        va_list rest;                                                                                     \
        va_start(rest, flags);                                                                            \
        mode_t mode = mode_of(flags, rest);                                                               \
        va_end(rest);                                                                                     \
        if (!real_open)                                                                                   \
            begin();                                                                                      \
        return opened(path, flags, mode, at);                                                             \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd)
{
    if (!real_close)
        begin();
    if (!of_fd(fd))
        return real_close(fd);
    pthread_mutex_lock(&lock);
    free(paths[fd]);
    paths[fd] = NULL;
    int result = real_close(fd);
    pthread_mutex_unlock(&lock);
    return result;
}

/* A second number of the same open file: what is done through it is done to that file. */
static void same(int fd, int as)
{
    if (as < 0 || as >= FDS || as == fd)
        return;
    char *path = of_fd(fd) ? strdup(paths[fd]) : NULL;
    free(paths[as]);
    paths[as] = path;
    appends[as] = path && appends[fd];
}

/* Between fork and exec another thread's lock would never be released: where neither number is one of our
 * files, it is not taken. */
#define DUPLICATE(ours, call)                                                                             \
    if (!(ours))                                                                                          \
        return call;                                                                                      \
    pthread_mutex_lock(&lock);                                                                            \
    int result = call;                                                                                    \
    int kept = errno;                                                                                     \
    same(fd, result);                                                                                     \
    pthread_mutex_unlock(&lock);                                                                          \
    errno = kept;                                                                                         \
    return result;

int dup(int fd)
{
    if (!real_dup)
        begin();
    DUPLICATE(of_fd(fd), real_dup(fd))
}

int dup2(int fd, int as)
{
    if (!real_dup2)
        begin();
    DUPLICATE(of_fd(fd) || of_fd(as), real_dup2(fd, as))
}

int dup3(int fd, int as, int flags)
{
    if (!real_dup3)
        begin();
    DUPLICATE(of_fd(fd) || of_fd(as), real_dup3(fd, as, flags))
}

static int controlled(int fd, int command, void *argument)
{
    if (!real_fcntl)
        begin();
    int copies = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    DUPLICATE(copies && of_fd(fd), real_fcntl(fd, command, argument))
}

#define FCNTL(name)                                                                                       \
    int name(int fd, int command, ...)                                                                    \
    {                                                                                                     \
        va_list rest;                                                                                     \
        va_start(rest, command);                                                                          \
        void *argument = va_arg(rest, void *);                                                            \
        va_end(rest);                                                                                     \
        return controlled(fd, command, argument);                                                         \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

static ssize_t written(int fd, const void *data, size_t length, int64_t offset, int is_at)
{
    pthread_mutex_lock(&lock);
    const char *path = of_fd(fd);
    if (!path) {
        pthread_mutex_unlock(&lock);
        return is_at ? real_pwrite(fd, data, length, offset) : real_write(fd, data, length);
    }
    if (!is_at) {
        struct stat now;
        offset = appends[fd] && fstat(fd, &now) == 0 ? now.st_size : lseek(fd, 0, SEEK_CUR);
    }
    before();
    ssize_t done = -1;
    int kept = ENOSPC;
    if (grow(fd, offset + (int64_t)length)) {
        done = is_at ? real_pwrite(fd, data, length, offset) : real_write(fd, data, length);
        kept = errno;
        wrote(path, offset, data, done);
    }
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return done;
}

ssize_t write(int fd, const void *data, size_t length)
{
    if (!real_write)
        begin();
    if (fd == STDERR_FILENO && out >= 0) {
        pthread_mutex_lock(&lock);
        ssize_t done = real_write(fd, data, length);
        int kept = errno;
        record('E', "", 0, data, (uint32_t)length, 1);
        pthread_mutex_unlock(&lock);
        errno = kept;
        return done;
    }
    return of_fd(fd) ? written(fd, data, length, 0, 0) : real_write(fd, data, length);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    if (!real_pwrite)
        begin();
    return of_fd(fd) ? written(fd, data, length, offset, 1) : real_pwrite(fd, data, length, offset);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return pwrite64(fd, data, length, offset);
}

static int truncated(int fd, off_t length)
{
    if (!real_ftruncate)
        begin();
    if (!of_fd(fd))
        return real_ftruncate(fd, length);
    pthread_mutex_lock(&lock);
    before();
    struct stat now;
    int result = -1, kept = ENOSPC;
    if (fstat(fd, &now) == 0 && grow(fd, length)) {
        result = real_ftruncate(fd, length);
        kept = errno;
        if (result == 0) {
            if (length < now.st_size)
                give_back(now.st_size - length);
            record('T', paths[fd], length, NULL, 0, 0);
        }
    }
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int synced(int fd, int (*real)(int))
{
    if (!of_fd(fd))
        return real(fd);
    pthread_mutex_lock(&lock);
    before();
    int result = real(fd);
    int kept = errno;
    if (result == 0)
        record('S', paths[fd], 0, NULL, 0, 0);
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int fsync(int fd)
{
    if (!real_fsync)
        begin();
    return synced(fd, real_fsync);
}

int fdatasync(int fd)
{
    if (!real_fdatasync)
        begin();
    return synced(fd, real_fdatasync);
}

int unlink(const char *path)
{
    if (!real_unlink)
        begin();
    const char *rest = below(path);
    if (!rest)
        return real_unlink(path);
    pthread_mutex_lock(&lock);
    before();
    struct stat had;
    int known = stat(path, &had) == 0;
    int result = real_unlink(path);
    int kept = errno;
    if (result == 0) {
        if (known)
            give_back(had.st_size);
        record('U', rest, 0, NULL, 0, 0);
    }
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int rename(const char *from, const char *to)
{
    if (!real_rename)
        begin();
    const char *rest = below(from), *target = below(to);
    if (!rest || !target)
        return real_rename(from, to);
    pthread_mutex_lock(&lock);
    before();
    int result = real_rename(from, to);
    int kept = errno;
    if (result == 0)
        record('R', rest, 0, target, (uint32_t)strlen(target), 1);
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}

int mkdir(const char *path, mode_t mode)
{
    if (!real_mkdir)
        begin();
    const char *rest = below(path);
    if (!rest)
        return real_mkdir(path, mode);
    pthread_mutex_lock(&lock);
    before();
    int result = real_mkdir(path, mode);
    int kept = errno;
    if (result == 0)
        record('M', rest, 0, NULL, 0, 0);
    after();
    pthread_mutex_unlock(&lock);
    errno = kept;
    return result;
}
