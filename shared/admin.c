#include "shared/admin.h"

#include "shared/config.h"
#include "shared/listen.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define IDLE_TIMEOUT_S  10u
#define TOKEN_SIZE      129

struct admin {
    struct MHD_Daemon *http;
    struct admin_hooks hooks;
    char token[TOKEN_SIZE];
};

/* same_secret: compares without telling by its duration where the difference is. */
static bool same_secret(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned char difference = n != m;
    for (size_t i = 0; i < n; i++)
        difference |= (unsigned char)(a[i] ^ b[i % (m + 1)]);
    return difference == 0;
}

static bool authorized(const struct admin *admin, struct MHD_Connection *c)
{
    const char *header = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
    return header != NULL && strncmp(header, "Bearer ", 7) == 0 && admin->token[0] != '\0' &&
           same_secret(header + 7, admin->token);
}

static unsigned answer_ready(struct admin *admin, FILE *out)
{
    bool ready = admin->hooks.ready(admin->hooks.arg, out);
    if (ready)
        fprintf(out, "ready\n");
    return ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
}

/* answer: writes the body of `path`, gives the status. */
static unsigned answer(struct admin *admin, struct MHD_Connection *c, const char *method,
                       const char *path, FILE *out)
{
    bool read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    bool healthz = strcmp(path, "/healthz") == 0, readyz = strcmp(path, "/readyz") == 0,
         metrics = strcmp(path, "/metrics") == 0;
    if (!healthz && !readyz && !metrics && !authorized(admin, c))
        return fprintf(out,
                       "this needs Authorization: Bearer with the token of admin.token_file\n"),
               MHD_HTTP_UNAUTHORIZED;
    if (!healthz && !readyz && !metrics)
        return fprintf(out, "there are /healthz, /readyz and /metrics\n"), MHD_HTTP_NOT_FOUND;
    if (!read)
        return fprintf(out, "GET or HEAD\n"), MHD_HTTP_METHOD_NOT_ALLOWED;
    if (readyz)
        return answer_ready(admin, out);
    if (metrics)
        return admin->hooks.metrics(admin->hooks.arg, out), MHD_HTTP_OK;
    return fprintf(out, "alive\n"), MHD_HTTP_OK;
}

static enum MHD_Result send_answer(struct MHD_Connection *c, unsigned status, char *body,
                                   size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        return free(body), MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result r = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return r;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct admin *admin = arg;
    char *body = NULL;
    size_t size = 0;
    (void)version, (void)upload;
    if (*state == NULL) { /* the first call: headers only; a body, if any, is not wanted */
        *state = admin;
        return MHD_YES;
    }
    if (*upload_size > 0)
        return *upload_size = 0, MHD_YES;
    FILE *out = open_memstream(&body, &size);
    if (out == NULL)
        return MHD_NO;
    unsigned status = answer(admin, c, method, path, out);
    fclose(out);
    return send_answer(c, status, body, size);
}

int admin_start(struct admin **out, const struct admin_config *config,
                const struct admin_hooks *hooks)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL)
        return -ENOMEM;
    admin->hooks = *hooks;
    if (config_read_secret(config->token_file, admin->token, sizeof admin->token) < 0)
        return free(admin), -EACCES;
    int fd = listen_tcp(config->address, config->port, false);
    if (fd < 0)
        return free(admin), fd;
    admin->http = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL, NULL,
                                   on_request, admin, MHD_OPTION_LISTEN_SOCKET, fd,
                                   MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                   MHD_OPTION_CONNECTION_TIMEOUT, IDLE_TIMEOUT_S, MHD_OPTION_END);
    if (admin->http == NULL)
        return close(fd), free(admin), -ENOMEM;
    *out = admin;
    return 0;
}

struct admin *admin_stop(struct admin *admin)
{
    if (admin != NULL) {
        MHD_stop_daemon(admin->http);
        free(admin);
    }
    return NULL;
}
