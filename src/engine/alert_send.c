/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways to somebody: a program with JSON on its stdin, a server that is posted a CloudEvent, a mail. Nothing of a record or a message
 * comes near a command line, and nothing of it can end a header line.
 */
#include "engine/alert.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CURL_DISABLE_TYPECHECK /* its macros would hide that the functions are looked up */
#include <curl/curl.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo

#define SAID 300
#define LOOK_MS 20

/* ---- libcurl -------------------------------------------------------------------------------- */

/*
 * Loaded when somebody is told for the first time: it and its thirty libraries would more than double the start of every run that has nothing
 * to tell.
 */
#define CURL_FUNCTIONS(X) \
    X(easy_init) X(easy_setopt) X(easy_perform) X(easy_getinfo) X(easy_cleanup) X(easy_strerror) X(slist_append) X(slist_free_all)

static struct {
    bool there;
    char why[300];
#define X(name) __typeof__(curl_##name) *name;
    CURL_FUNCTIONS(X)
#undef X
} curl;
static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void
curl_load(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

    curl.there = library != NULL;
#define X(name) curl.there = curl.there && (*(void **)&curl.name = dlsym(library, "curl_" #name)) != NULL;
    CURL_FUNCTIONS(X)
#undef X
    if (!curl.there)
        snprintf(curl.why, sizeof curl.why, "%s", dlerror());
}

/* ---- what is said --------------------------------------------------------------------------- */

static void
body_write(const struct alert_message *message, struct text *out)
{
    char at[CLOCK_TEXT_ROOM], type[80], source[300];
    struct json json;

    clock_text(message->at_us, at);
    snprintf(type, sizeof type, "daybreak.alert.%s", message->event);
    snprintf(source, sizeof source, "/daybreak/%s", message->config->name);
    for (char *c = source; *c != '\0'; c++) /* a URI reference */
        *c = (unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}%?#", *c) != NULL ? '-' : *c;
    json_init(&json, out, false);
    json_object(&json, NULL);
    json_text(&json, "specversion", "1.0");
    json_text(&json, "id", message->id);
    json_text(&json, "source", source);
    json_text(&json, "type", type);
    json_text(&json, "time", at);
    json_text(&json, "datacontenttype", "application/json");
    json_text(&json, "text", message->text); /* an extension attribute: what chat rooms show of what is posted to them */
    json_object(&json, "data");
    json_text(&json, "pipeline", message->config->name);
    json_text(&json, "event", message->event);
    json_int(&json, "count", message->count);
    json_text(&json, "text", message->text);
    json_text(&json, "next", message->next);
    json_text(&json, "owner", message->config->owner_team);
    json_bool(&json, "test", message->test);
    json_close(&json);
    json_close(&json);
    text_end(out);
}

/* ---- a program ------------------------------------------------------------------------------ */

static int64_t
left_ms(int64_t until_ms)
{
    int64_t left = until_ms - clock_steady_ms();

    return left < 0 ? 0 : left;
}

/* Waits for its end; what it says on stderr is kept as far as it fits. */
static bool
program_wait(pid_t child, int err, int64_t until_ms, char *said, size_t room, int *status)
{
    size_t used = 0;
    bool open = true;

    for (;;) {
        struct pollfd fd = {.fd = open ? err : -1, .events = POLLIN};
        char piece[512];
        ssize_t got;

        poll(&fd, 1, LOOK_MS);
        while (open && (got = read(err, piece, sizeof piece)) != 0) {
            if (got < 0) {
                open = errno == EAGAIN || errno == EINTR;
                break;
            }
            if ((size_t)got > room - 1 - used)
                got = (ssize_t)(room - 1 - used);
            memcpy(said + used, piece, (size_t)got);
            used += (size_t)got;
            if (got == 0)
                break;
        }
        said[used] = '\0';
        if (waitpid(child, status, WNOHANG) == child)
            return true;
        if (left_ms(until_ms) == 0) {
            kill(-child, SIGKILL);
            while (waitpid(child, status, 0) < 0 && errno == EINTR)
                ;
            return false;
        }
    }
}

static int
program_start(const struct config_alert *way, const char *dir, int in, int err, pid_t *child)
{
    char **argv = calloc(way->command.count + 1, sizeof *argv);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int wrong;

    if (argv == NULL)
        abort(); /* any crash is safe */
    for (size_t i = 0; i < way->command.count; i++)
        argv[i] = (char *)way->command.item[i];
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, 0);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, err, 2);
    posix_spawn_file_actions_addclosefrom_np(&files, 3);
    posix_spawn_file_actions_addchdir_np(&files, dir);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    wrong = posix_spawnp(child, argv[0], &files, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    free(argv);
    return wrong;
}

/* Numbers up to 2 belong to the program. */
static int
above_standard(int fd)
{
    int moved = fd < 0 || fd > 2 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);

    if (moved != fd)
        close(fd);
    return moved;
}

static int
send_command(const struct config_alert *way, const struct alert_message *message, const struct text *body, struct daybreak_fault *fault)
{
    const char *program = way->command.item[0];
    int in = above_standard(memfd_create("daybreak", MFD_CLOEXEC)), pipes[2] = {-1, -1}, status, result = -1, wrong;
    int64_t until = clock_steady_ms() + way->timeout_ms;
    char said[SAID];
    struct text shown = {0};
    pid_t child;

    if (in < 0 || pipe2(pipes, O_CLOEXEC) != 0 || (pipes[1] = above_standard(pipes[1])) < 0 || (pipes[0] = above_standard(pipes[0])) < 0 ||
        write(in, body->at, body->size) != (ssize_t)body->size || lseek(in, 0, SEEK_SET) != 0) {
        fault_set(fault, DAYBREAK_RETRY, "cannot give '%s' its input: %s", program, strerror(errno));
        goto done;
    }
    fcntl(pipes[0], F_SETFL, O_NONBLOCK);
    wrong = program_start(way, message->config->dir, in, pipes[1], &child);
    if (wrong != 0) {
        fault_set(fault, DAYBREAK_RETRY, "cannot execute '%s': %s", program, strerror(wrong));
        goto done;
    }
    close(pipes[1]);
    pipes[1] = -1;
    if (!program_wait(child, pipes[0], until, said, sizeof said, &status)) {
        fault_set(fault, DAYBREAK_RETRY, "'%s' took longer than its `timeout` and was ended", program);
        goto done;
    }
    text_printable(said, strcspn(said, "\n"), SAID, &shown);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        result = 0;
    else
        fault_set(fault, DAYBREAK_RETRY, "'%s' ended with %s %d%s%s", program, WIFEXITED(status) ? "exit status" : "signal",
                  WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), shown.size > 0 ? ": " : "", text_end(&shown));
done:
    text_fini(&shown);
    if (in >= 0)
        close(in);
    for (int i = 0; i < 2; i++)
        if (pipes[i] >= 0)
            close(pipes[i]);
    return result;
}

/* ---- a server ------------------------------------------------------------------------------- */

/* RFC 2104 over two pieces. */
static void
hmac(const char *key, const char *first, size_t first_size, const char *second, size_t second_size, uint8_t mac[SHA256_SIZE])
{
    uint8_t block[64] = {0}, inner[SHA256_SIZE];
    struct sha256 sha;
    size_t size = strlen(key);

    if (size > sizeof block) {
        sha256_init(&sha);
        sha256_add(&sha, key, size);
        sha256_end(&sha, block);
    } else {
        memcpy(block, key, size);
    }
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    sha256_init(&sha);
    sha256_add(&sha, block, sizeof block);
    sha256_add(&sha, first, first_size);
    sha256_add(&sha, second, second_size);
    sha256_end(&sha, inner);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    sha256_init(&sha);
    sha256_add(&sha, block, sizeof block);
    sha256_add(&sha, inner, sizeof inner);
    sha256_end(&sha, mac);
    explicit_bzero(block, sizeof block);
}

static size_t
take_nothing(char *at, size_t one, size_t size, void *context)
{
    int64_t *got = context;

    (void)at;
    *got += (int64_t)(one * size);
    return *got > 1 << 20 ? 0 : one * size; /* a server that does not stop talking */
}

static void
header_add(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl.slist_append(*list, line);

    if (longer == NULL)
        abort();
    *list = longer;
}

static int
curl_failed(CURLcode wrong, const char *error, const char *what, struct daybreak_fault *fault)
{
    return fault_set(fault, DAYBREAK_RETRY, "%s: %s", what, error[0] != '\0' ? error : curl.easy_strerror(wrong));
}

static CURL *
easy_new(const struct config_alert *way, char *error, int64_t *got)
{
    CURL *easy = curl.easy_init();

    if (easy == NULL)
        abort();
    error[0] = '\0';
    curl.easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)way->timeout_ms);
    curl.easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
    curl.easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_nothing);
    curl.easy_setopt(easy, CURLOPT_WRITEDATA, got);
    curl.easy_setopt(easy, CURLOPT_PROXY, ""); /* what the environment says of proxies is not for us */
    return easy;
}

static int
send_webhook(const struct config_alert *way, const struct alert_message *message, const struct text *body, struct daybreak_fault *fault)
{
    char error[CURL_ERROR_SIZE], line[200], number[32];
    struct curl_slist *headers = NULL;
    int64_t got = 0;
    long status = 0;
    CURL *easy = easy_new(way, error, &got);
    CURLcode wrong;
    int result = 0;

    header_add(&headers, "Content-Type: application/cloudevents+json; charset=utf-8");
    header_add(&headers, "Expect:");
    snprintf(line, sizeof line, "Idempotency-Key: %s", message->id);
    header_add(&headers, line);
    if (way->sign != NULL) {
        int digits = snprintf(number, sizeof number, "%" PRId64 ".", (int64_t)time(NULL));
        uint8_t mac[SHA256_SIZE];
        char hex[2 * SHA256_SIZE + 1] = "";

        hmac(way->sign, number, (size_t)digits, body->at, body->size, mac);
        text_hex(mac, SHA256_SIZE, hex);
        snprintf(line, sizeof line, "X-Daybreak-Signature: t=%.*s,v1=%s", digits - 1, number, hex);
        header_add(&headers, line);
    }
    curl.easy_setopt(easy, CURLOPT_URL, way->webhook);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl.easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->size);
    curl.easy_setopt(easy, CURLOPT_POSTFIELDS, body->at);
    wrong = curl.easy_perform(easy);
    curl.easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (wrong != CURLE_OK && !(wrong == CURLE_WRITE_ERROR && status != 0))
        result = curl_failed(wrong, error, "the webhook cannot be told", fault);
    else if (status < 200 || status > 299)
        result = fault_set(fault, DAYBREAK_RETRY, "the webhook answered with HTTP status %ld", status);
    curl.easy_cleanup(easy);
    curl.slist_free_all(headers);
    return result;
}

/* ---- a mail --------------------------------------------------------------------------------- */

struct letter {
    const struct text *text;
    size_t at;
};

static size_t
letter_read(char *to, size_t one, size_t size, void *context)
{
    struct letter *letter = context;
    size_t more = letter->text->size - letter->at;

    size *= one;
    if (more > size)
        more = size;
    memcpy(to, letter->text->at + letter->at, more);
    letter->at += more;
    return more;
}

/* A header's text: what is not plain ASCII goes as an encoded word of RFC 2047; a control character is none of it. */
static void
header_text(struct text *out, const char *text)
{
    bool plain = true;

    for (const char *at = text; *at != '\0'; at++)
        plain &= (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f;
    if (plain) {
        text_put(out, text);
        return;
    }
    text_put(out, "=?utf-8?Q?");
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            text_char(out, *at);
        else
            text_printf(out, "=%02X", c);
    }
    text_put(out, "?=");
}

static void
letter_write(const struct config_alert *way, const struct alert_message *message, struct text *out)
{
    static const char *const day[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)(message->at_us / 1000000);
    size_t column = 0;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    text_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", day[tm.tm_wday], tm.tm_mday, month[tm.tm_mon], tm.tm_year + 1900,
                tm.tm_hour, tm.tm_min, tm.tm_sec);
    text_printf(out, "From: <%s>\r\nTo: ", way->mail_from);
    for (size_t i = 0; i < way->mail_to.count; i++)
        text_printf(out, "%s<%s>", i == 0 ? "" : ",\r\n ", way->mail_to.item[i]);
    text_put(out, "\r\nSubject: ");
    text_put(out, message->test ? "[test] " : "");
    header_text(out, message->config->name);
    text_printf(out, ": %s\r\n", message->event);
    text_printf(out, "Message-ID: <%s@daybreak>\r\nList-Id: <alerts.daybreak>\r\nAuto-Submitted: auto-generated\r\n", message->id);
    text_put(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
    for (const char *at = message->text; *at != '\0';) { /* lines of some 76 characters, broken at blanks; none longer than SMTP takes */
        size_t word = strcspn(at, " \n"), size = word > 900 ? text_utf8_cut(at, word, 900) : word;

        if (column > 0 && column + size > 75) {
            text_put(out, "\r\n");
            column = 0;
        } else if (column > 0) {
            text_char(out, ' ');
            column++;
        }
        text_add(out, at, size);
        column += size;
        at += size;
        at += *at == ' ' || *at == '\n';
    }
    text_put(out, "\r\n");
    text_end(out);
}

static int
send_mail(const struct config_alert *way, const struct alert_message *message, struct daybreak_fault *fault)
{
    static const long tls[] = {CURLUSESSL_TRY, CURLUSESSL_ALL, CURLUSESSL_NONE};
    char error[CURL_ERROR_SIZE], address[300];
    struct curl_slist *to = NULL;
    struct text text = {0};
    struct letter letter = {.text = &text};
    int64_t got = 0;
    CURL *easy = easy_new(way, error, &got);
    CURLcode wrong;
    int result = 0;

    letter_write(way, message, &text);
    for (size_t i = 0; i < way->mail_to.count; i++) {
        snprintf(address, sizeof address, "<%s>", way->mail_to.item[i]);
        header_add(&to, address);
    }
    snprintf(address, sizeof address, "<%s>", way->mail_from);
    curl.easy_setopt(easy, CURLOPT_URL, way->mail_server);
    curl.easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl.easy_setopt(easy, CURLOPT_USE_SSL, tls[way->mail_tls]);
    if (way->mail_user != NULL)
        curl.easy_setopt(easy, CURLOPT_USERNAME, way->mail_user);
    if (way->mail_password != NULL)
        curl.easy_setopt(easy, CURLOPT_PASSWORD, way->mail_password);
    curl.easy_setopt(easy, CURLOPT_MAIL_FROM, address);
    curl.easy_setopt(easy, CURLOPT_MAIL_RCPT, to);
    curl.easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl.easy_setopt(easy, CURLOPT_READFUNCTION, letter_read);
    curl.easy_setopt(easy, CURLOPT_READDATA, &letter);
    wrong = curl.easy_perform(easy);
    if (wrong != CURLE_OK)
        result = curl_failed(wrong, error, "the mail cannot be sent", fault);
    curl.easy_cleanup(easy);
    curl.slist_free_all(to);
    text_fini(&text);
    return result;
}

int
alert_send(const struct config_alert *way, const struct alert_message *message, struct daybreak_fault *fault)
{
    struct text body = {0};
    int result;

    if (way->command.count == 0)
        pthread_once(&curl_once, curl_load);
    if (way->command.count == 0 && !curl.there) {
        fault_set(fault, DAYBREAK_RETRY, "cannot load libcurl: %s", curl.why);
        return fault_hint(fault, "install the package libcurl4");
    }
    if (way->mail_server != NULL)
        return send_mail(way, message, fault);
    body_write(message, &body);
    result = way->webhook != NULL ? send_webhook(way, message, &body, fault) : send_command(way, message, &body, fault);
    text_fini(&body);
    return result;
}
