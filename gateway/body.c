#include "gateway/body.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* write_user: the user id that a JSON value names. */
static int write_user(const json_t *value, char user[USER_ID_MAX + 1], uint8_t *user_len)
{
    char digits[24];
    const char *text = NULL;
    size_t len = 0;
    if (json_is_string(value)) {
        text = json_string_value(value);
        len = json_string_length(value);
    } else if (json_is_integer(value) && json_integer_value(value) >= 0) {
        len = (size_t)snprintf(digits, sizeof digits, "%" JSON_INTEGER_FORMAT,
                               json_integer_value(value));
        text = digits;
    }
    if (text == NULL || !user_id_valid(text, len))
        return -EINVAL;
    memcpy(user, text, len);
    user[len] = '\0';
    *user_len = (uint8_t)len;
    return 0;
}

int body_parse(const char *body, size_t len, char user[USER_ID_MAX + 1], uint8_t *user_len)
{
    json_error_t error;
    json_t *root = json_loadb(body, len, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) /* a number beyond 64 bits is JSON, but nobody's id */
        return json_error_code(&error) == json_error_numeric_overflow ? -EINVAL : -EBADMSG;
    int r = json_is_object(root) ? write_user(json_object_get(root, "user_id"), user, user_len)
                                 : -EBADMSG;
    json_decref(root);
    return r;
}

bool body_is_json(const char *content_type)
{
    static const char json[] = "application/json";
    if (content_type == NULL || strncasecmp(content_type, json, sizeof json - 1) != 0)
        return false;
    const char *rest = content_type + sizeof json - 1;
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}
