#include "ingest/arrival.h"
#include "net/http.h"
#include <string.h>

/* ---------------------------------------------------------------- what hosts are */

/* A host fits a pattern when it is the pattern or ends with "." and it. `name.*` stands for any country's end: google.*,
 * yahoo.co.*. The first line that fits wins, so what is special comes first. */
/*       pattern, path, class */
#define HOSTS(X)                                                                                                          \
	X("mail.google.com", "", "email") X("com.google.android.gm", "", "email") X("outlook.live.com", "", "email")      \
	X("outlook.office.com", "", "email") X("outlook.office365.com", "", "email") X("mail.live.com", "", "email")      \
	X("mail.yahoo.com", "", "email") X("mail.yahoo.*", "", "email") X("mail.aol.com", "", "email")                    \
	X("mail.proton.me", "", "email") X("mail.zoho.com", "", "email") X("webmail.*", "", "email")                      \
	X("mail.yandex.ru", "", "email") X("mail.yandex.com", "", "email") X("e.mail.ru", "", "email")                    \
	X("navigator.gmx.net", "", "email") X("navigator.web.de", "", "email") X("mail.qq.com", "", "email")              \
	X("mail.163.com", "", "email") X("mail.126.com", "", "email") X("mail.naver.com", "", "email")                    \
	X("mail.daum.net", "", "email") X("mail2.daum.net", "", "email") X("orange.fr", "/webmail", "email")              \
	X("email.t-online.de", "", "email") X("email.seznam.cz", "", "email") X("mail.rambler.ru", "", "email")           \
	X("icloud.com", "/mail", "email") X("list-manage.com", "", "email") X("mailchi.mp", "", "email")                  \
	X("chatgpt.com", "", "ai") X("chat.openai.com", "", "ai") X("claude.ai", "", "ai") X("perplexity.ai", "", "ai")   \
	X("gemini.google.com", "", "ai") X("bard.google.com", "", "ai") X("copilot.microsoft.com", "", "ai")              \
	X("chat.deepseek.com", "", "ai") X("grok.com", "", "ai") X("x.com", "/i/grok", "ai") X("chat.mistral.ai", "", "ai") \
	X("meta.ai", "", "ai") X("you.com", "", "ai") X("duck.ai", "", "ai") X("iask.ai", "", "ai")                       \
	X("chat.qwen.ai", "", "ai") X("notebooklm.google.com", "", "ai") X("chatglm.cn", "", "ai")                        \
	X("googleadservices.com", "", "paid") X("doubleclick.net", "", "paid") X("googlesyndication.com", "", "paid")     \
	X("taboola.com", "", "paid") X("outbrain.com", "", "paid") X("adnxs.com", "", "paid") X("criteo.com", "", "paid") \
	X("adform.net", "", "paid") X("adroll.com", "", "paid") X("plista.com", "", "paid") X("ligatus.com", "", "paid")  \
	X("support.google.com", "", "other") X("developers.google.com", "", "other") X("maps.google.com", "", "other")    \
	X("accounts.google.com", "", "other") X("drive.google.com", "", "other") X("docs.google.com", "", "other")        \
	X("sites.google.com", "", "other") X("groups.google.com", "", "other") X("pay.google.com", "", "other")           \
	X("classroom.google.com", "", "other") X("finance.yahoo.com", "", "other") X("news.yahoo.com", "", "other")       \
	X("facebook.com", "", "social") X("fb.com", "", "social") X("fb.me", "", "social") X("instagram.com", "", "social") \
	X("threads.net", "", "social") X("threads.com", "", "social") X("messenger.com", "", "social")                    \
	X("twitter.com", "", "social") X("t.co", "", "social") X("x.com", "", "social") X("linkedin.com", "", "social")   \
	X("lnkd.in", "", "social") X("pinterest.*", "", "social") X("pin.it", "", "social") X("tiktok.com", "", "social") \
	X("youtube.com", "", "social") X("youtu.be", "", "social") X("vimeo.com", "", "social") X("reddit.com", "", "social") \
	X("redd.it", "", "social") X("snapchat.com", "", "social") X("tumblr.com", "", "social") X("quora.com", "", "social") \
	X("whatsapp.com", "", "social") X("wa.me", "", "social") X("t.me", "", "social") X("telegram.org", "", "social")  \
	X("telegram.me", "", "social") X("vk.com", "", "social") X("vkontakte.ru", "", "social") X("ok.ru", "", "social") \
	X("odnoklassniki.ru", "", "social") X("weibo.com", "", "social") X("weibo.cn", "", "social") X("qzone.qq.com", "", "social") \
	X("douban.com", "", "social") X("mixi.jp", "", "social") X("xing.com", "", "social") X("bsky.app", "", "social")  \
	X("mastodon.social", "", "social") X("discord.com", "", "social") X("discord.gg", "", "social")                   \
	X("slack.com", "", "social") X("teams.microsoft.com", "", "social") X("news.ycombinator.com", "", "social")       \
	X("github.com", "", "social") X("stackoverflow.com", "", "social") X("flickr.com", "", "social")                  \
	X("last.fm", "", "social") X("foursquare.com", "", "social") X("disqus.com", "", "social") X("getpocket.com", "", "social") \
	X("livejournal.com", "", "social") X("taringa.net", "", "social") X("linktr.ee", "", "social") X("lnk.bio", "", "social") \
	X("google.*", "", "search") X("com.google.android.googlequicksearchbox", "", "search") X("bing.com", "", "search") \
	X("cn.bing.com", "", "search") X("search.yahoo.com", "", "search") X("yahoo.*", "", "search")                     \
	X("yahoo.co.jp", "", "search") X("duckduckgo.com", "", "search") X("ecosia.org", "", "search")                    \
	X("qwant.com", "", "search") X("startpage.com", "", "search") X("search.brave.com", "", "search")                 \
	X("baidu.com", "", "search") X("sogou.com", "", "search") X("so.com", "", "search") X("sm.cn", "", "search")      \
	X("yandex.*", "", "search") X("ya.ru", "", "search") X("naver.com", "", "search") X("daum.net", "", "search")     \
	X("seznam.cz", "", "search") X("ask.com", "", "search") X("search.aol.com", "", "search") X("aol.com", "", "search") \
	X("isearch.avg.com", "", "search") X("mojeek.com", "", "search") X("kagi.com", "", "search")                      \
	X("coccoc.com", "", "search") X("metager.org", "", "search") X("metager.de", "", "search") X("lycos.com", "", "search") \
	X("excite.com", "", "search") X("rambler.ru", "", "search") X("go.mail.ru", "", "search") X("search.com", "", "search") \
	X("ixquick.com", "", "search") X("suche.t-online.de", "", "search") X("presearch.com", "", "search")              \
	X("swisscows.com", "", "search") X("lilo.org", "", "search") X("nate.com", "", "search") X("onet.pl", "", "search") \
	X("virgilio.it", "", "search") X("tiscali.it", "", "search") X("conduit.com", "", "search") X("babylon.com", "", "search") \
	X("inbox.com", "", "search") X("pricerunner.*", "", "search")                    \
	X("adsensecustomsearchads.com", "", "paid") X("syndicatedsearch.goog", "", "paid") X("voila.fr", "", "search")     \
	X("character.ai", "", "ai") X("poe.com", "", "ai") X("workplace.com", "", "social") X("meta.ua", "", "search")     \
	X("search-results.com", "", "search")

static const struct {
	struct str pattern, path, class;
} hosts[] = {
#define X(pattern, path, class) {STR_INIT(pattern), STR_INIT(path), STR_INIT(class)},
	HOSTS(X)
#undef X
};

static bool
ends_with_label(struct str host, struct str pattern)
{
	return str_eq(host, pattern) ||
	    (str_ends(host, pattern) && host.len > pattern.len && host.ptr[host.len - pattern.len - 1] == '.');
}

/* "google.*": google.fr, www.google.co.uk; not google.evil.example: at most two labels follow. */
static bool
fits_any_country(struct str host, struct str stem /* with its last dot */)
{
	for (size_t at = 0; (at = str_find(host, stem, at)) != SIZE_MAX; at++) {
		struct str rest = str_slice(host, at + stem.len, host.len);
		size_t dot = str_find_char(rest, '.', 0);
		bool starts_label = at == 0 || host.ptr[at - 1] == '.';
		if (starts_label && (dot == SIZE_MAX ? rest.len <= 3 || rest.len == 0 : dot <= 3 && rest.len - dot <= 3))
			return true;
	}
	return false;
}

/* Hosts of mail programs and of search engines that no list is ever complete in are told by their first label. */
static struct str
class_by_label(struct str host)
{
	static const struct str mail[] = {STR_INIT("deref-"), STR_INIT("lightmailer"), STR_INIT("webmail"), STR_INIT("mailbusiness"),
		STR_INIT("messagerie"), STR_INIT("rich-v"), STR_INIT("3c."), STR_INIT("3c-"), STR_INIT("wmail."), STR_INIT("email."),
		STR_INIT("mail."), STR_INIT("mail0"), STR_INIT("mail1"), STR_INIT("mail2"), STR_INIT("upcmail.")};
	struct str label = str_slice(host, 0, str_find_char(host, '.', 0));
	for (size_t i = 0; i < COUNT(mail); i++)
		if (str_starts(host, mail[i]))
			return STR("email");
	if (str_find(label, STR("search"), 0) != SIZE_MAX || str_eq(label, STR("suche")) || str_find(host, STR(".search."), 0) != SIZE_MAX)
		return STR("search");
	return host.len ? STR("other") : STR("");
}

struct str
referrer_class(struct str host, struct str path)
{
	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct str p = hosts[i].pattern;
		bool any = str_ends(p, STR(".*"));
		if (any ? fits_any_country(host, str_slice(p, 0, p.len - 1)) : ends_with_label(host, p))
			if (!hosts[i].path.len || str_starts(path, hosts[i].path))
				return hosts[i].class;
	}
	return class_by_label(host);
}

/* ---------------------------------------------------------------- addresses */

struct address { struct str host, path, query; };

/* Without a scheme there is no host: "/p/1?x=1" has a path and a query. */
static struct address
split_address(struct arena *a, struct str url)
{
	struct address r = {0};
	url = str_slice(url, 0, str_find_char(url, '#', 0));
	size_t question = str_find_char(url, '?', 0), scheme = str_find(url, STR("://"), 0);
	r.query = question == SIZE_MAX ? STR("") : str_slice(url, question + 1, url.len);
	url = str_slice(url, 0, question);
	if (scheme == SIZE_MAX || scheme > 20) {
		r.path = url;
		return r;
	}
	url = str_slice(url, scheme + 3, url.len);
	size_t slash = str_find_char(url, '/', 0);
	r.path = slash == SIZE_MAX ? STR("/") : str_slice(url, slash, url.len);
	struct str authority = str_slice(url, 0, slash);
	size_t at = str_find_char(authority, '@', 0);
	if (at != SIZE_MAX)
		authority = str_slice(authority, at + 1, authority.len);
	if (authority.len && authority.ptr[0] != '[')
		authority = str_slice(authority, 0, str_find_char(authority, ':', 0));
	if (authority.len > 255)
		authority.len = 255;
	r.host = str_lower_ascii(a, authority);
	if (str_starts(r.host, STR("www.")))
		r.host = str_slice(r.host, 4, r.host.len);
	return r;
}

static const struct str click_ids[] = {STR_INIT("gclid"), STR_INIT("gbraid"), STR_INIT("wbraid"), STR_INIT("dclid"), STR_INIT("msclkid"),
	STR_INIT("fbclid"), STR_INIT("ttclid"), STR_INIT("twclid"), STR_INIT("li_fat_id"), STR_INIT("epik"), STR_INIT("ScCid"),
	STR_INIT("rdt_cid"), STR_INIT("awc"), STR_INIT("irclickid"), STR_INIT("cjevent"), STR_INIT("tduid"), STR_INIT("mc_eid"),
	STR_INIT("_kx"), STR_INIT("yclid"), STR_INIT("qclid"), STR_INIT("obclid"), STR_INIT("tblci")};

static struct str
parameter(struct arena *a, struct str raw)
{
	if (raw.len > 200)
		raw.len = 200;
	if (memchr(raw.ptr, '%', raw.len) || memchr(raw.ptr, '+', raw.len)) {
		struct str text = http_decode(a, raw);
		return str_is_utf8(text) ? text : STR("");
	}
	return raw;
}

static void
take_parameter(struct arena *a, struct str key, struct str value, struct arrival *ret)
{
	if (!value.len)
		return;
	if (str_starts(key, STR("utm_"))) {
		struct str what = str_slice(key, 4, key.len);
		struct str *to = str_eq(what, STR("medium")) ? &ret->medium : str_eq(what, STR("source")) ? &ret->source :
		    str_eq(what, STR("campaign")) ? &ret->campaign : str_eq(what, STR("term")) ? &ret->term :
		    str_eq(what, STR("content")) ? &ret->content : NULL;
		if (to && !to->len)
			*to = parameter(a, value);
		return;
	}
	if (str_eq(key, STR(ARRIVAL_OURS)))
		ret->ours = true;
	for (size_t i = 0; !ret->click_id.len && i < COUNT(click_ids); i++)
		if (str_eq(key, click_ids[i]))
			ret->click_id = click_ids[i];
}

static void
take_query(struct arena *a, struct str query, struct arrival *ret)
{
	for (int n = 0; query.len && n < 100; n++) {
		struct str pair = str_cut(&query, '&');
		struct str key = str_cut(&pair, '=');
		take_parameter(a, key, pair, ret);
	}
}

/* The first that is a text and not empty. */
static struct str
first_text(struct str a, struct str b, struct str c)
{
	return a.len ? a : b.len ? b : c;
}

bool
arrival_of(struct arena *a, const struct json *properties, const struct json *context, struct arrival *ret)
{
	const struct json *page = json_get(context, STR("page")), *campaign = json_get(context, STR("campaign"));
	struct str url = first_text(json_text(json_get(properties, STR("url"))), json_text(json_get(page, STR("url"))), STR(""));
	struct str referrer = first_text(json_text(json_get(properties, STR("referrer"))), json_text(json_get(page, STR("referrer"))),
	    json_text(json_path(context, "referrer.url")));
	*ret = (struct arrival){0};
	if (!url.len && !referrer.len && !campaign)
		return false;
	ret->medium = json_text(json_get(campaign, STR("medium")));
	ret->source = json_text(json_get(campaign, STR("source")));
	ret->campaign = json_text(json_get(campaign, STR("name")));
	ret->term = json_text(json_get(campaign, STR("term")));
	ret->content = json_text(json_get(campaign, STR("content")));
	struct address at = split_address(a, url), from = split_address(a, referrer);
	struct str search = json_text(json_get(page, STR("search")));
	take_query(a, at.query.len || !search.len ? at.query : str_slice(search, search.ptr[0] == '?', search.len), ret);
	bool same_site = from.host.len && at.host.len && (ends_with_label(from.host, at.host) || ends_with_label(at.host, from.host));
	if (from.host.len && !same_site) {
		ret->referrer = from.host;
		ret->referrer_class = referrer_class(from.host, from.path);
	}
	return ret->medium.len || ret->source.len || ret->campaign.len || ret->click_id.len || ret->referrer.len || ret->ours;
}

/* ---------------------------------------------------------------- as JSON */

struct member { struct str key, value; };

static uint32_t
members(const struct arrival *v, struct member *ret)
{
	const struct member all[] = {{STR("medium"), v->medium}, {STR("source"), v->source}, {STR("campaign"), v->campaign},
		{STR("term"), v->term}, {STR("content"), v->content}, {STR("click_id"), v->click_id}, {STR("referrer"), v->referrer},
		{STR("referrer_class"), v->referrer_class}};
	uint32_t n = 0;
	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i].value.len)
			ret[n++] = all[i];
	return n;
}

void
arrival_write(const struct arrival *v, struct buf *out)
{
	struct member m[ARRIVAL_MEMBERS];
	struct json_writer w = json_writer_on(out);
	uint32_t n = members(v, m);
	jw_object(&w);
	for (uint32_t i = 0; i < n; i++) {
		jw_key(&w, m[i].key);
		jw_str(&w, m[i].value);
	}
	jw_kbool(&w, "ours", v->ours);
	jw_object_end(&w);
}

uint32_t
arrival_nodes(const struct arrival *v, struct json *nodes)
{
	struct member m[ARRIVAL_MEMBERS];
	uint32_t n = members(v, m);
	nodes[0] = (struct json){.kind = JSON_OBJECT, .next = n + 2, .count = n + 1, .key = STR("arrival")};
	for (uint32_t i = 0; i < n; i++)
		nodes[i + 1] = (struct json){.kind = JSON_TEXT, .next = 1, .key = m[i].key, .text = m[i].value};
	nodes[n + 1] = (struct json){.kind = v->ours ? JSON_TRUE : JSON_FALSE, .next = 1, .key = STR("ours")};
	return n + 2;
}
