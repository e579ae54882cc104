/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp_chaos SOCKET|PORT: stands between a client and a server on loopback and behaves like a bad network. Prints its own port, then takes one
 * command a line from standard input, and ends with it:
 *   pass         everything goes through
 *   cut          all connections are closed, new ones too
 *   blackhole    all bytes are swallowed, in both directions; connections stay open
 *   delay MS     what the server says comes that much later
 *   before N     the N-th COMMIT from now on, and each N-th after it, never reaches the server: cut before it
 *   lose N       it does, and its answer is cut off
 *   swallow N    it does, and its answer is swallowed; the connection stays open
 * A COMMIT is known by the bytes "COMMIT\0". After each command it prints "ok".
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINKS 32
#define ROOM 65536

enum mode { PASS, CUT, BLACKHOLE, DELAY, BEFORE, LOSE, SWALLOW };
static const char *const words[] = {"pass", "cut", "blackhole", "delay", "before", "lose", "swallow"};

struct link {
    int client, server;
    bool doomed;    /* its next answer is cut off */
    bool swallowed; /* nothing passes any more */
};

static struct link links[LINKS];
static int count;
static enum mode mode = PASS;
static long amount, commits;

static int
upstream(const char *where)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in port = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bool named = where[0] == '/';
    int fd = socket(named ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(local.sun_path, sizeof local.sun_path, "%s", where);
    port.sin_port = htons((uint16_t)strtol(where, NULL, 10));
    if (fd >= 0 && connect(fd, named ? (struct sockaddr *)&local : (struct sockaddr *)&port, named ? sizeof local : sizeof port) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void
unlink_at(int at)
{
    close(links[at].client);
    close(links[at].server);
    links[at] = links[--count];
}

/* All of it, or false: the other side is gone. */
static bool
give(int fd, const char *at, ssize_t size)
{
    while (size > 0) {
        ssize_t given = send(fd, at, (size_t)size, MSG_NOSIGNAL);

        if (given < 0 && errno != EINTR)
            return false;
        at += given > 0 ? given : 0;
        size -= given > 0 ? given : 0;
    }
    return true;
}

/* What passes from one side; false: the link is over. */
static bool
carry(struct link *link, bool to_server)
{
    static char bytes[ROOM];
    ssize_t got = recv(to_server ? link->client : link->server, bytes, sizeof bytes, 0);

    if (got <= 0)
        return got < 0 && errno == EINTR;
    if (mode == BLACKHOLE || link->swallowed)
        return true;
    if (!to_server) {
        struct timespec late = {.tv_sec = amount / 1000, .tv_nsec = amount % 1000 * 1000000};

        if (link->doomed)
            return false;
        if (mode == DELAY)
            nanosleep(&late, NULL);
        return give(link->client, bytes, got);
    }
    if (mode >= BEFORE && memmem(bytes, (size_t)got, "COMMIT", 7) != NULL && ++commits % amount == 0) {
        if (mode == BEFORE)
            return false;
        if (!give(link->server, bytes, got))
            return false;
        link->doomed = mode == LOSE;
        link->swallowed = mode == SWALLOW;
        return true;
    }
    return give(link->server, bytes, got);
}

static bool
command(void)
{
    static char line[64];
    static size_t size;
    ssize_t got = read(STDIN_FILENO, line + size, 1);

    if (got <= 0)
        return false;
    if (line[size] != '\n') {
        size += size < sizeof line - 1;
        return true;
    }
    line[size] = '\0';
    size = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strncmp(line, words[i], strlen(words[i])) == 0) {
            char *number = line + strlen(words[i]);

            mode = (enum mode)i;
            amount = strtol(number, NULL, 10);
            amount = amount < 1 ? 1 : amount;
            commits = 0;
        }
    while (mode == CUT && count > 0)
        unlink_at(count - 1);
    puts("ok");
    fflush(stdout);
    return true;
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc != 2 || listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        fprintf(stderr, "usage: tcp_chaos SOCKET|PORT\n");
        return 64;
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (;;) {
        struct pollfd fd[2 + 2 * LINKS] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = listener, .events = POLLIN}};
        int open = count;

        for (int i = 0; i < open; i++) {
            fd[2 + 2 * i] = (struct pollfd){.fd = links[i].client, .events = POLLIN};
            fd[3 + 2 * i] = (struct pollfd){.fd = links[i].server, .events = POLLIN};
        }
        if (poll(fd, (nfds_t)(2 + 2 * open), -1) < 0)
            continue;
        for (int i = open - 1; i >= 0; i--)
            if ((fd[2 + 2 * i].revents != 0 && !carry(&links[i], true)) || (fd[3 + 2 * i].revents != 0 && !carry(&links[i], false)))
                unlink_at(i);
        if (fd[0].revents != 0 && !command())
            return 0;
        if (fd[1].revents != 0) {
            int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC), server = mode == CUT || count == LINKS ? -1 : upstream(argv[1]);

            if (client >= 0 && server >= 0)
                links[count++] = (struct link){.client = client, .server = server};
            else
                close(client < 0 ? server : client);
        }
    }
}
