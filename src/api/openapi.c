/* openapi.c -- the routes as an OpenAPI 3.1 document, written from the table itself. */
#include "api/api_priv.h"
#include <string.h>

static void
write_responses(struct json_writer *w)
{
	static const struct { const char *status, *text; } refusals[] = {{"400", "what was sent is wrong; the sentence says where"},
		{"401", "not signed in, or the key is unknown"}, {"404", "there is no such thing"}, {"409", "it is in the way of something else"},
		{"413", "too large"}, {"429", "too much at once; Retry-After says when to come again"}};
	jw_kobject(w, "responses");
	jw_kobject(w, "200");
	jw_kstr(w, "description", STR("done"));
	jw_object_end(w);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		jw_kobject(w, refusals[i].status);
		jw_kstr(w, "description", str_of(refusals[i].text));
		jw_object_end(w);
	}
	jw_object_end(w);
}

static void
write_parameter(struct json_writer *w, struct str name, const char *in)
{
	jw_object(w);
	jw_kstr(w, "name", name);
	jw_kstr(w, "in", str_of(in));
	jw_kbool(w, "required", !strcmp(in, "path"));
	jw_kobject(w, "schema");
	jw_kstr(w, "type", STR("string"));
	jw_object_end(w);
	jw_object_end(w);
}

static void
write_parameters(struct json_writer *w, const struct route *row)
{
	const char *open = strchr(row->path, '{');
	struct str names = str_of(row->parameters);
	jw_karray(w, "parameters");
	if (open)
		write_parameter(w, (struct str){open + 1, (size_t)(strchr(open, '}') - open - 1)}, "path");
	while (names.len)
		write_parameter(w, str_cut(&names, ','), "query");
	jw_array_end(w);
}

static void
write_security(struct json_writer *w, enum access access)
{
	static const char *const schemes[][2] = {[ACCESS_WRITE_KEY] = {"writeKey", NULL}, [ACCESS_SESSION] = {"cookie", "token"}, [ACCESS_NEAR] = {"cookie", "token"}};
	jw_karray(w, "security");
	for (size_t i = 0; access < COUNT(schemes) && i < 2; i++) {
		if (!schemes[access][i])
			continue;
		jw_object(w);
		jw_karray(w, schemes[access][i]);
		jw_array_end(w);
		jw_object_end(w);
	}
	jw_array_end(w);
}

static void
write_body(struct json_writer *w, const struct route *row)
{
	jw_kobject(w, "requestBody");
	jw_kobject(w, "content");
	jw_kobject(w, row->access == ACCESS_LINK ? "application/x-www-form-urlencoded" : "application/json");
	jw_key(w, STR("schema"));
	jw_raw(w, str_of(row->takes ? row->takes : "{\"type\":\"object\"}"));
	jw_object_end(w);
	jw_object_end(w);
	jw_object_end(w);
}

static void
write_operation(struct json_writer *w, const struct route *row)
{
	char method[8] = "";
	for (size_t i = 0; i < sizeof(method) - 1 && row->method[i]; i++)
		method[i] = (char)(row->method[i] | 32);
	jw_kobject(w, method);
	jw_kstr(w, "summary", str_of(row->summary));
	jw_kstr(w, "x-access", str_of(access_text(row->access)));
	write_parameters(w, row);
	write_security(w, row->access);
	if (row->body_max)
		write_body(w, row);
	write_responses(w);
	jw_object_end(w);
}

static bool
is_first_of_path(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!strcmp(api_routes[k].path, api_routes[i].path))
			return false;
	return true;
}

static void
write_schemes(struct json_writer *w)
{
	jw_kobject(w, "components");
	jw_kobject(w, "securitySchemes");
	jw_key(w, STR("writeKey"));
	jw_raw(w, STR("{\"type\":\"http\",\"scheme\":\"basic\",\"description\":\"the write key as user, no password; or writeKey in the body\"}"));
	jw_key(w, STR("token"));
	jw_raw(w, STR("{\"type\":\"http\",\"scheme\":\"bearer\"}"));
	jw_key(w, STR("cookie"));
	jw_raw(w, STR("{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"perennial_session\"}"));
	jw_object_end(w);
	jw_object_end(w);
}

void
openapi_document(struct api_call *c)
{
	struct buf json = {0};
	struct json_writer w = json_writer_on(&json);
	w.pretty = true;
	jw_object(&w);
	jw_kstr(&w, "openapi", STR("3.1.0"));
	jw_kobject(&w, "info");
	jw_kstr(&w, "title", STR("Perennial"));
	jw_kstr(&w, "version", STR("1"));
	jw_object_end(&w);
	jw_kobject(&w, "paths");
	for (size_t i = 0; i < n_api_routes; i++) {
		if (!is_first_of_path(i))
			continue;
		jw_kobject(&w, api_routes[i].path);
		for (size_t k = i; k < n_api_routes; k++)
			if (!strcmp(api_routes[k].path, api_routes[i].path))
				write_operation(&w, &api_routes[k]);
		jw_object_end(&w);
	}
	jw_object_end(&w);
	write_schemes(&w);
	jw_object_end(&w);
	answer_json(c, 200, &json);
}
