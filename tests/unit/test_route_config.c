/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/route_config, gateway/template: accepted and rejected input, with its message. */
#include "tests/support/test.h"

#include "gateway/config.h"
#include "gateway/routes/route_table.h"
#include "tests/support/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/onrush-routes-XXXXXX";

BEFORE_ALL(make_dir)
{
    assert_non_null(mkdtemp(dir));
    assert_int_equal(chdir(dir), 0);
}

AFTER_ALL(remove_dir)
{
    remove("r.cfg");
    assert_int_equal(rmdir(dir), 0);
}

static int load(const char *text, struct gateway_config *config, char *error)
{
    file_write("r.cfg", "%s", text);
    return config_load(&gateway_config_table, "r.cfg", NULL, 0, config, error);
}

#define ONE(members)    "routes: ( {\n" members "\n} );\n"
#define M               "method = \"POST\";\n"
#define P               "path = \"/a/issue\";\n"
#define U               "user = \"body:userId\";\n"
#define C               "campaign = \"constant:noon\";\n"
#define A(members)      ONE(M P U C "answers: {\n" members "\n};")
#define B(status, body) "accepted: { status = " status ";\nbody = \"" body "\"; };"

static const struct {
    const char *file, *error;
} bad[] = {
    {"routes = 1;\n", "r.cfg:1: routes: expected a list in ( )"},
    {"routes = {};\n", "r.cfg:1: routes: expected a list in ( )"},
    {"routes = [\"a\"];\n", "r.cfg:1: routes: expected a list in ( )"},
    {"routes: ( 1 );\n", "r.cfg:1: a route: expected a group in { }"},
    {ONE(""), "r.cfg:1: method is missing"},
    {ONE("methods = \"POST\";"), "r.cfg:2: a route has no methods: expected method, path, user, "
                                 "campaign, campaigns or answers"},
    {ONE("method = 1;"), "r.cfg:2: method: expected a text in quotes"},
    {ONE("method = \"PUT\";"), "r.cfg:2: method = \"PUT\": expected POST (asks for a coupon) or "
                               "GET (tells what became of it)"},
    {ONE(M), "r.cfg:1: path is missing"},
    {ONE(M "path = \"\";"), "r.cfg:3: path = \"\": expected segments"},
    {ONE(M "path = \"a/b\";"), "r.cfg:3: path = \"a/b\": expected segments"},
    {ONE(M "path = \"/\";"), "r.cfg:3: path = \"/\": expected segments"},
    {ONE(M "path = \"/a/\";"), "r.cfg:3: path = \"/a/\": expected segments"},
    {ONE(M "path = \"/a//b\";"), "r.cfg:3: path = \"/a//b\": expected segments"},
    {ONE(M "path = \"/a?b\";"), "r.cfg:3: path = \"/a?b\": expected segments"},
    {ONE(M "path = \"/a/{b\";"), "r.cfg:3: path = \"/a/{b\": expected segments"},
    {ONE(M "path = \"/a/{}\";"), "r.cfg:3: path = \"/a/{}\": expected segments"},
    {ONE(M "path = \"/a/{b}c\";"), "r.cfg:3: path = \"/a/{b}c\": expected segments"},
    {ONE(M "path = \"/a/x{b}\";"), "r.cfg:3: path = \"/a/x{b}\": expected segments"},
    {ONE(M "path = \"/{b}/{b}\";"), "r.cfg:3: path = \"/{b}/{b}\": {b} is there twice"},
    {ONE(M "path = \"/{a}/{b}/{c}/{d}/{e}\";"),
     "r.cfg:3: path = \"/{a}/{b}/{c}/{d}/{e}\": expected at most 4 {segments}"},
    {ONE(M "path = \"/v1\";"), "r.cfg:3: path = \"/v1\": what lies below /v1 is Onrush's own"},
    {ONE(M "path = \"/v1/campaigns/{n}\";"),
     "r.cfg:3: path = \"/v1/campaigns/{n}\": what lies below /v1 is Onrush's own"},
    {ONE(M P), "r.cfg:1: user is missing"},
    {ONE(M P "user = \"userId\";"),
     "r.cfg:4: user = \"userId\": expected body:MEMBER, path:SEGMENT or header:NAME"},
    {ONE(M P "user = \"constant:u\";"),
     "r.cfg:4: user = \"constant:u\": expected body:MEMBER, path:SEGMENT or header:NAME"},
    {ONE(M P "user = \"body:\";"),
     "r.cfg:4: body:: expected the name of a member, of 1 to 64 bytes"},
    {ONE(M P "user = \"path:x\";"), "r.cfg:4: path:x: there is no {x} in /a/issue"},
    {ONE(M P "user = \"header:X Y\";"), "r.cfg:4: header:X Y: expected the name of a header"},
    {ONE("method = \"GET\";\n" P U), "r.cfg:4: body:userId: a GET has no body"},
    {ONE(M P U), "r.cfg:1: campaign is missing"},
    {ONE(M P U "campaign = \"noon\";"), "r.cfg:5: campaign = \"noon\": expected body:MEMBER, "
                                        "path:SEGMENT, header:NAME or constant:CAMPAIGN"},
    {ONE(M P U "campaign = \"constant:a b\";"),
     "r.cfg:5: constant:a b: expected the name of a campaign"},
    {ONE(M P U C "campaigns: ( { from = \"1\"; to = \"x\"; } );"),
     "r.cfg:6: campaigns: there is nothing to look up, as campaign is a constant"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns = ();"),
     "r.cfg:6: campaigns: expected a list of 1 to 256 groups"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns: ( { from = \"1\"; } );"),
     "r.cfg:6: to is missing"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns: ( { from = 1; to = \"x\"; } );"),
     "r.cfg:6: from: expected a text in quotes"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns: ( { from = \"1\"; to = \"a/b\"; } );"),
     "r.cfg:6: to = \"a/b\": expected the name of a campaign"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns: ( { from = \"\"; to = \"b\"; } );"),
     "r.cfg:6: from has 0 bytes: expected 1 to 64"},
    {ONE(M P U "campaign = \"body:c\";\ncampaigns: ( { from = \"1\"; to = \"x\"; }, { from = "
               "\"1\"; to = \"y\"; } );"),
     "r.cfg:6: campaigns: \"1\" is there twice"},
    {ONE(M P U C "answers = 1;"), "r.cfg:6: answers: expected a group in { }"},
    {A("acepted: { status = 200; body = \"\"; };"),
     "r.cfg:7: answers has no acepted: expected accepted, waiting,"},
    {A("no_request: { status = 404; body = \"\"; };"),
     "r.cfg:7: no_request: a POST is never answered so"},
    {A("accepted: { status = 200; body = \"\"; text = \"\"; };"),
     "r.cfg:7: accepted has no text: expected status and body"},
    {A("accepted: { body = \"\"; };"), "r.cfg:7: accepted: status is missing"},
    {A("accepted: { status = 200; };"), "r.cfg:7: body is missing"},
    {A("accepted: { status = \"200\"; body = \"\"; };"),
     "r.cfg:7: accepted.status: expected a whole number"},
    {A(B("404", "{}")),
     "r.cfg:7: accepted.status = 404: expected 200 to 299, but not 204, 205 or 3xx"},
    {A(B("204", "{}")),
     "r.cfg:7: accepted.status = 204: expected 200 to 299, but not 204, 205 or 3xx"},
    {A("unavailable: { status = 200; body = \"\"; };"),
     "r.cfg:7: unavailable.status = 200: expected 500 to 599"},
    {A("no_campaign: { status = 200; body = \"\"; };"),
     "r.cfg:7: no_campaign.status = 200: expected 400 to 499"},
    {A("sold_out: { status = 302; body = \"\"; };"),
     "r.cfg:7: sold_out.status = 302: expected 200 to 499, but not 204, 205 or 3xx"},
    {A("limited: { status = 600; body = \"\"; };"),
     "r.cfg:7: limited.status = 600: expected 400 to 599"},
    {A(B("200", "{\\\"a\\\":{tiket}}")), "r.cfg:8: accepted.body: there is no {tiket} here: "
                                         "expected {user}, {campaign}, {ticket}, {position}"},
    {A(B("200", "{\\\"a\\\":\\\"{code}\\\"}")),
     "r.cfg:8: accepted.body: there is no {code} here: expected {user}, {campaign}, {ticket}, "
     "{position}"},
    {A("bad_user: { status = 400; body = \"{user}\"; };"),
     "r.cfg:7: bad_user.body: there is no {user} here: expected none"},
    {A(B("200", "{\\\"a\\\":{user}}")), "r.cfg:8: accepted.body: no JSON: expected JSON, with "
                                        "{user}, {campaign} and {code} inside of quotes"},
    {A(B("200", "{\\\"a\\\":1")), "r.cfg:8: accepted.body: no JSON: expected JSON"},
    {A(B("200", "OK")), "r.cfg:8: accepted.body: no JSON: expected JSON"},
    {A(B("200", "[{ticket},{ticket},{ticket},{ticket},{ticket},{ticket},{ticket},{ticket},{ticket},"
                "{ticket},{ticket},"
                "{ticket},{ticket},{ticket},{ticket},{ticket},{ticket}]")),
     "r.cfg:8: accepted.body: more than 16 placeholders"},
    {"routes: ( {" M P U C "},\n{" M P U C "} );\n",
     "r.cfg:6: POST /a/issue is there twice: see line 1"},
    {"routes: ( {" M "path = \"/a/{x}\";" U C "},\n{" M "path = \"/a/{y}\";" U C "} );\n",
     "r.cfg:5: POST /a/{y} is there twice: see line 1"},
};

TEST(test_bad)
{
    for (size_t i = 0; i < LENGTH(bad); i++) {
        struct gateway_config config;
        char error[CONFIG_ERROR_SIZE] = "";
        if (load(bad[i].file, &config, error) != -EINVAL ||
            strncmp(error, bad[i].error, strlen(bad[i].error)) != 0)
            fail_msg("%s\nsays \"%s\"\ninstead of \"%s\"", bad[i].file, error, bad[i].error);
    }
}

TEST(test_too_long)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE], body[2100];
    memset(body, 'x', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    assert_int_equal(load(textf(A(B("200", "[\\\"%s{user}\\\"]")), body), &config, error), -EINVAL);
    assert_string_equal(error,
                        "r.cfg:8: accepted.body: may become 2167 bytes: expected at most 2047");
}

static const struct route *find(const struct gateway_config *config, const char *path, bool post)
{
    struct route_part parts[ROUTE_PARTS_MAX];
    const struct route_node *node = routes_find(config->routes, path, parts);
    assert_non_null(node);
    return post ? node->post : node->get;
}

TEST(test_good)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE] = "";
    if (load("routes: ( { method = \"GET\"; path = \"/x/{c}/{u}\"; user = \"path:u\"; campaign = "
             "\"path:c\";\n"
             "campaigns: ( { from = \"b\"; to = \"B\"; }, { from = \"a\"; to = \"A\"; } ); },\n"
             "{ method = \"POST\"; path = \"/x\"; user = \"header:X-User\"; campaign = "
             "\"constant:noon\";\n"
             "answers: { accepted: { status = 201; body = \"\"; }; granted: { status = 200; body = "
             "\"[{serial}]\"; };\n"
             "closed: { status = 410; body = \"{}\"; }; }; } );\n",
             &config, error) < 0)
        fail_msg("%s", error);
    const struct route *r = find(&config, "/x/a/u", false);
    assert_int_equal(r->op, OP_STATUS);
    assert_int_equal(r->user.part, 1);
    assert_int_equal(r->campaign.part, 0);
    assert_string_equal(route_name_find(r, "a"), "A");
    assert_null(r->answers[ROUTE_granted]);
    r = find(&config, "/x", true);
    assert_int_equal(r->op, OP_ENQUEUE);
    assert_string_equal(r->user.text, "X-User");
    assert_string_equal(r->campaign.text, "noon");
    assert_int_equal(r->answers[ROUTE_accepted]->status, 201);
    assert_ptr_equal(r->answers[ROUTE_waiting], r->answers[ROUTE_accepted]);
    assert_ptr_equal(r->answers[ROUTE_already], r->answers[ROUTE_granted]);
    assert_ptr_equal(r->answers[ROUTE_paused], r->answers[ROUTE_closed]);
    assert_null(r->answers[ROUTE_sold_out]);
    assert_non_null(find(&config, "/v1/campaigns/noon/requests", true));
    config_end(&gateway_config_table, &config);
}

TEST(test_none)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE];
    static const char *const files[] = {"", "routes = ();\n"};
    for (size_t i = 0; i < LENGTH(files); i++) {
        assert_int_equal(load(files[i], &config, error), 0);
        assert_non_null(find(&config, "/v1/campaigns/noon", false));
        config_end(&gateway_config_table, &config);
    }
}

/* Errors in an included file show its own name and line. */
TEST(test_included)
{
    struct gateway_config config;
    char error[CONFIG_ERROR_SIZE];
    file_write("routes.cfg", "\nroutes: ( {\n" M "path = \"x\"; } );\n");
    int r = load(textf("port = 81;\n@include \"%s/routes.cfg\"\n", dir), &config, error);
    remove("routes.cfg");
    assert_int_equal(r, -EINVAL);
    assert_non_null(strstr(error, "/routes.cfg:4: path = \"x\": expected segments"));
}

TEST(test_render)
{
    struct answer_template t;
    char error[128], out[TEMPLATE_RENDERED_MAX];
    char body[] = "{\"u\":\"{user}\",\"c\":\"{campaign}\",\"n\":[{ticket},{position}],\"g\":{"
                  "serial},\"k\":\"{code}\"}";
    char constant[] = "{\"a\":{\"b\":1}}";
    assert_int_equal(template_compile(&t, body, (1u << SLOTS_N) - 1, error, sizeof error), 0);
    struct template_values v = {
        .text = {[SLOT_user] = "u|1", [SLOT_campaign] = "noon", [SLOT_code] = "A-B"},
        .number = {[SLOT_ticket] = INT64_MAX, [SLOT_position] = 0, [SLOT_serial] = 42}};
    out[template_render(&t, &v, out)] = '\0';
    assert_string_equal(
        out, "{\"u\":\"u|1\",\"c\":\"noon\",\"n\":[9223372036854775807,0],\"g\":42,\"k\":\"A-B\"}");
    v.number[SLOT_ticket] = v.number[SLOT_position] = -1;
    out[template_render(&t, &v, out)] = '\0';
    assert_string_equal(out,
                        "{\"u\":\"u|1\",\"c\":\"noon\",\"n\":[null,null],\"g\":42,\"k\":\"A-B\"}");
    assert_int_equal(template_compile(&t, constant, 0, error, sizeof error), 0);
    assert_int_equal(t.n_holes, 0);
    out[template_render(&t, &v, out)] = '\0';
    assert_string_equal(out, "{\"a\":{\"b\":1}}");
}
