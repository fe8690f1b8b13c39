/* The body of a POST. Pure; thread safe. */
#ifndef ONRUSH_GATEWAY_BODY_H
#define ONRUSH_GATEWAY_BODY_H

#include "shared/campaign.h"

/* body_parse: reads `user_id` out of a JSON object. 0 and `user` (ended by a NUL) with its length;
 * -EBADMSG: not one JSON object; -EINVAL: no acceptable user_id. */
int body_parse(const char *body, size_t len, char user[USER_ID_MAX + 1], uint8_t *user_len);

/* body_is_json: is this Content-Type (NULL: none was sent) application/json, whatever its
 * parameters? */
bool body_is_json(const char *content_type);

#endif
