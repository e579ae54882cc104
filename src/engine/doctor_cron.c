/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Crontab lines that name daybreak, read as cron reads them: it cuts a command at a %, starts in the home folder, knows few
 * folders to
 * find programs in, ignores a last line without an end, and mails what is printed. Each of these has cost somebody a night.
 */
#include "engine/doctor.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

#define CRONTAB_MOST (1 << 20)
#define WORDS 64

extern char **environ;

/* One crontab as it is gone through: what its lines have set so far. */
struct crontab {
    struct doctor *doctor;
    const char *where;       /* for messages */
    bool system;             /* lines name a user */
    char path[1024], home[PATH_MAX], mailto[256];
    bool mailto_set, state_set;
    uint32_t line, named, troubles;
    bool mailed;             /* some line may print */
};

static void
trouble(struct crontab *tab, enum doctor_level level, const char *name, const char *advice, const char *what, const char *word)
{
    tab->troubles++;
    doctor_note(tab->doctor, level, 1, name, advice, "%s:%u: %s%s", tab->where, tab->line, what, word);
}

static char *
blanks_skip(char *at)
{
    return at + strspn(at, " \t");
}

/* NAME = VALUE, with or without quotes. */
static bool
setting_take(struct crontab *tab, char *line)
{
    char *equals = strchr(line, '='), *end, *value;
    size_t size;

    if (equals == NULL || !(isalpha((unsigned char)line[0]) || line[0] == '_'))
        return false;
    for (end = line; isalnum((unsigned char)*end) || *end == '_'; end++)
        continue;
    if (blanks_skip(end) != equals)
        return false;
    *end = '\0';
    value = blanks_skip(equals + 1);
    size = strlen(value);
    while (size > 0 && isspace((unsigned char)value[size - 1]))
        value[--size] = '\0';
    if (size >= 2 && (value[0] == '"' || value[0] == '\'') && value[size - 1] == value[0]) {
        value[size - 1] = '\0';
        value++;
    }
    if (strcmp(line, "PATH") == 0) {
        snprintf(tab->path, sizeof tab->path, "%s", value);
    } else if (strcmp(line, "HOME") == 0) {
        snprintf(tab->home, sizeof tab->home, "%s", value);
    } else if (strcmp(line, "MAILTO") == 0) {
        snprintf(tab->mailto, sizeof tab->mailto, "%s", value);
        tab->mailto_set = true;
    } else if (strcmp(line, "DAYBREAK_STATE") == 0) {
        tab->state_set = true;
    }
    return true;
}

/* The command behind the schedule; NULL when the line is none. ${often}: more than once an hour. */
static char *
command_of(const struct crontab *tab, char *line, bool *often)
{
    size_t fields = line[0] == '@' ? 1 : 5;

    *often = line[0] != '@' && strcspn(line, "*,-/") < strcspn(line, " \t"); /* of the minutes */
    for (size_t i = 0; i < fields + (tab->system ? 1 : 0); i++) {
        line += strcspn(line, " \t");
        if (*line == '\0')
            return NULL;
        line = blanks_skip(line);
    }
    return *line == '\0' ? NULL : line;
}

/* The words of a command, quotes taken off; `;`, `&&` and the like are words of their own. Gives their number. */
static size_t
words_of(struct arena *arena, const char *command, const char *word[WORDS])
{
    size_t count = 0;

    while (count < WORDS) {
        struct text text = {0};
        char quote = '\0';
        bool any = false;

        command += strspn(command, " \t");
        if (*command == '\0')
            break;
        if (strchr(";|&<>", *command) != NULL) {
            size_t size = strspn(command, ";|&<>");

            word[count++] = arena_bytes(arena, command, size);
            command += size;
            continue;
        }
        for (; *command != '\0'; command++) {
            if (quote == '\0' && (isspace((unsigned char)*command) || strchr(";|&<>", *command) != NULL))
                break;
            any = true;
            if (*command == '\\' && quote != '\'' && command[1] != '\0')
                text_char(&text, *++command);
            else if (quote == '\0' && (*command == '"' || *command == '\''))
                quote = *command;
            else if (*command == quote)
                quote = '\0';
            else
                text_char(&text, *command);
        }
        if (any)
            word[count++] = arena_text(arena, text_end(&text));
        text_fini(&text);
    }
    return count;
}

static bool
is_daybreak(const char *word)
{
    const char *slash = strrchr(word, '/');

    return strcmp(slash == NULL ? word : slash + 1, "daybreak") == 0;
}

static bool
is_folder(const char *path)
{
    struct stat st;

    return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
runs(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

static void
program_look(struct crontab *tab, const char *program)
{
    char path[PATH_MAX];

    if (strchr(program, '/') != NULL) {
        if (program[0] == '/' && !runs(program))
            trouble(tab, DOCTOR_FAIL, "cron_program", "daybreak cron FILE prints a line with the right path",
                    "there is no program ", program);
        return;
    }
    for (const char *at = tab->path; *at != '\0';) {
        size_t size = strcspn(at, ":");

        if (size > 0 && snprintf(path, sizeof path, "%.*s/%s", (int)size, at, program) < (int)sizeof path && runs(path))
            return;
        at += size + (at[size] == ':');
    }
    trouble(tab, DOCTOR_FAIL, "cron_path",
            "write the whole path of daybreak, or a line PATH=… above; `daybreak cron FILE` prints the line",
            "cron does not find `daybreak` in its PATH ", tab->path);
}

static bool
is_pipeline(const char *word)
{
    size_t size = strlen(word);

    return (size > 5 && strcmp(word + size - 5, ".yaml") == 0) || (size > 4 && strcmp(word + size - 4, ".yml") == 0);
}

/* A file of the command line, from the folder that cron starts in, or that the line goes to. */
static void
file_look(struct crontab *tab, const char *folder, bool chosen, const char *file)
{
    char path[2 * PATH_MAX + 2];
    struct stat st;

    if (file[0] == '/' || folder[0] == '\0')
        snprintf(path, sizeof path, "%s", file);
    else
        snprintf(path, sizeof path, "%s/%s", folder, file);
    if (path[0] != '/' || strchr(path, '$') != NULL || stat(path, &st) == 0)
        return;
    if (file[0] != '/' && !chosen)
        trouble(tab, DOCTOR_FAIL, "cron_relative", "cron starts in the home folder: write the whole path, or daybreak -C FOLDER",
                "there is no file ", path);
    else
        trouble(tab, DOCTOR_FAIL, "cron_file", "was the pipeline file moved or renamed?", "there is no file ", path);
}

/* From the word that is daybreak to the end of its command. */
static void
call_look(struct crontab *tab, const char *const *word, size_t count, const char *folder, bool often)
{
    bool chosen = folder != NULL, run = false, skips = false, follows = false;
    const char *verb = NULL;

    program_look(tab, word[0]);
    if (folder == NULL)
        folder = tab->home;
    for (size_t i = 1; i < count && (strchr(";|&", word[i][0]) == NULL || strchr(word[i], '>') != NULL); i++) {
        if (strchr("<>&", word[i][0]) != NULL) {
            if (i + 1 < count && strchr(word[i], '>') != NULL && strcmp(word[i + 1], "/dev/null") == 0)
                trouble(tab, DOCTOR_WARN, "cron_silenced", "take the redirection out: a run that went well prints nothing anyway",
                        "what daybreak has to say goes to ", "/dev/null");
            i++;
            continue;
        }
        if ((strcmp(word[i], "-C") == 0 || strcmp(word[i], "--directory") == 0) && i + 1 < count) {
            folder = word[++i];
            chosen = true;
        } else if ((strcmp(word[i], "--state") == 0 || strcmp(word[i], "--connectors") == 0) && i + 1 < count) {
            tab->state_set |= strcmp(word[i], "--state") == 0;
            i++;
        } else if (word[i][0] == '-') {
            skips |= strcmp(word[i], "--skip-if-running") == 0;
            follows |= strcmp(word[i], "--follow") == 0 || strcmp(word[i], "-f") == 0;
        } else if (verb == NULL) {
            verb = word[i];
            run = strcmp(verb, "run") == 0;
        } else if (is_pipeline(word[i])) {
            file_look(tab, folder, chosen, word[i]);
        }
    }
    if (run && follows)
        trouble(tab, DOCTOR_WARN, "cron_follow", "a follower runs for good: `daybreak unit FILE` prints a systemd unit for it",
                "cron starts a follower again and again", "");
    else if (run && often && !skips)
        trouble(tab, DOCTOR_WARN, "cron_overlap",
                "add --skip-if-running: a run that takes longer would make the next one fail with 75",
                "the line runs often and without --skip-if-running", "");
}

static void
command_look(struct crontab *tab, char *command, bool often)
{
    const char *word[WORDS], *folder = NULL;
    size_t count;

    for (char *at = command; *at != '\0'; at++) /* cron does this before any shell sees it */
        if (*at == '%' && (at == command || at[-1] != '\\')) {
            trouble(tab, DOCTOR_FAIL, "cron_percent", "write \\% for each %: cron ends the command at the first",
                    "the command is cut before ", at);
            *at = '\0';
            break;
        }
    count = words_of(tab->doctor->arena, command, word);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word[i], "cd") == 0 && i + 1 < count)
            folder = word[i + 1];
        if (is_daybreak(word[i]) && (i == 0 || strcmp(word[i - 1], "cd") != 0) && !is_folder(word[i]))
            call_look(tab, &word[i], count - i, folder, often);
    }
}

static void
crontab_look(struct crontab *tab, char *text)
{
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        bool ended = text[size] == '\n', often;
        char *line = text, *command, saved[2048];

        text[size] = '\0';
        text += size + ended;
        tab->line++;
        line = blanks_skip(line);
        if (*line == '\0' || *line == '#')
            continue;
        snprintf(saved, sizeof saved, "%s", line);
        if (setting_take(tab, saved))
            continue;
        command = command_of(tab, line, &often);
        if (command == NULL || strstr(command, "daybreak") == NULL)
            continue;
        tab->named++;
        tab->mailed = true;
        if (!ended)
            trouble(tab, DOCTOR_FAIL, "cron_last_line", "end the file with a line end",
                    "cron ignores a last line without a line end", "");
        command_look(tab, command, often);
    }
}

static void
mail_look(struct crontab *tab)
{
    static const char *const mailer[] = {"/usr/sbin/sendmail", "/usr/lib/sendmail", "/usr/bin/sendmail"};
    struct doctor *doctor = tab->doctor;
    bool mails = false;

    for (size_t i = 0; i < sizeof mailer / sizeof *mailer; i++)
        mails |= runs(arena_printf(doctor->arena, "%s%s", doctor->root, mailer[i]));
    if (tab->mailto_set && tab->mailto[0] == '\0')
        trouble(tab, DOCTOR_WARN, "cron_mail", "let MAILTO name a person: cron's mail is how a held input gets noticed",
                "nobody gets cron's mail: MAILTO is empty", "");
    else if (!mails)
        trouble(tab, DOCTOR_WARN, "cron_mail", "install a program that sends mail, or keep the output: … >>FILE 2>&1",
                "this machine cannot send cron's mail: there is no ", "sendmail");
    if (getenv("DAYBREAK_STATE") != NULL && !tab->state_set)
        trouble(tab, DOCTOR_WARN, "cron_state",
                "cron does not know your environment: set DAYBREAK_STATE in the crontab, too, or use --state",
                "here the state is in DAYBREAK_STATE=", getenv("DAYBREAK_STATE"));
}

static uint32_t
one_crontab(struct doctor *doctor, const char *where, char *text, bool system)
{
    struct crontab tab = {.doctor = doctor, .where = where, .system = system, .path = "/usr/bin:/bin"};
    const struct passwd *user = getpwuid(geteuid());

    if (!system)
        snprintf(tab.home, sizeof tab.home, "%s", user == NULL ? "/" : user->pw_dir);
    crontab_look(&tab, text);
    if (tab.mailed)
        mail_look(&tab);
    if (tab.named > 0 && tab.troubles == 0)
        doctor_note(doctor, DOCTOR_OK, 0, "cron", NULL, "%s: %u line%s of daybreak", where, tab.named, tab.named == 1 ? "" : "s");
    return tab.named;
}

static uint32_t
one_file(struct doctor *doctor, const char *path, bool system)
{
    struct daybreak_fault fault = {0};
    uint32_t named = 0;
    char *bytes;
    size_t size;

    if (file_read(path, CRONTAB_MOST, &bytes, &size, &fault) != 0)
        return 0;
    named = one_crontab(doctor, path, bytes, system);
    free(bytes);
    return named;
}

/* What `crontab -l` says; NULL when there is no such program, or no crontab. */
static char *
own_crontab(void)
{
    char *words[] = {"crontab", "-l", NULL};
    posix_spawn_file_actions_t actions;
    int out = memfd_create("crontab", MFD_CLOEXEC), status, error;
    struct text text = {0};
    pid_t pid;

    if (out < 0)
        return NULL;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0 /* O_RDONLY */, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", 1 /* O_WRONLY */, 0);
    error = posix_spawnp(&pid, "crontab", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    while (error == 0 && waitpid(pid, &status, 0) < 0)
        error = errno == EINTR ? 0 : errno;
    while (error == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 && text.size < CRONTAB_MOST) {
        ssize_t got = pread(out, text_room(&text, 65536), 65536, (off_t)text.size);

        if (got <= 0)
            break;
        text.size += (size_t)got;
    }
    close(out);
    text_end(&text);
    return text.at;
}

void
doctor_cron(struct doctor *doctor, const char *file)
{
    struct dirent **entry;
    char *own, *folder;
    uint32_t named = 0;
    int found;

    doctor->pipeline = NULL;
    if (file != NULL) {
        struct daybreak_fault fault = {0};
        char *bytes;
        size_t size;

        if (file_read(file, CRONTAB_MOST, &bytes, &size, &fault) != 0) {
            doctor_note(doctor, DOCTOR_FAIL, 1, "cron", NULL, "%s", fault.what);
            return;
        }
        named = one_crontab(doctor, file, bytes, false);
        free(bytes);
    } else {
        own = own_crontab();
        if (own != NULL)
            named = one_crontab(doctor, "crontab -l", own, false);
        free(own);
        named += one_file(doctor, arena_printf(doctor->arena, "%s/etc/crontab", doctor->root), true);
        folder = arena_printf(doctor->arena, "%s/etc/cron.d", doctor->root);
        found = scandir(folder, &entry, NULL, alphasort);
        for (int i = 0; i < found; i++) {
            /* cron passes over the others */
            if (entry[i]->d_name[0] != '.' && entry[i]->d_name[strcspn(entry[i]->d_name, ".~")] == '\0')
                named += one_file(doctor, arena_printf(doctor->arena, "%s/%s", folder, entry[i]->d_name), true);
            free(entry[i]);
        }
        if (found >= 0)
            free(entry);
    }
    if (named == 0)
        doctor_note(doctor, DOCTOR_OK, 0, "cron", NULL, "no line of a crontab names daybreak; `daybreak cron FILE` prints one");
}
