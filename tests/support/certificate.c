#include "support/certificate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/odd_certificate.h"
#include "util/memory.h"

struct certificate {
	struct odd_certificate	  own;
	const struct certificate *issuer;	/* NULL: itself */
};

static void
set_days(struct odd_form *form, const struct wish *w)
{
	form->from_day = w->expired ? -2 : w->not_yet ? 1 : -1;
	form->to_day = w->expired ? -1 : w->not_yet ? 3 : 1;
}

static void
set_usage(struct odd_form *form, const struct wish *w)
{
	form->authority = w->ca;
	form->key_usage = w->ca ? "critical,keyCertSign,cRLSign" :
	    "critical,digitalSignature";
	if (!w->ca)
		form->usage = w->for_clients ? "clientAuth" : "serverAuth";
}

struct certificate *
certificate_make(struct certificate *issuer, const struct wish *w)
{
	struct certificate	*c = memory_new(1, sizeof(*c));
	struct odd_form		 form = { .common_name = w->name };
	char			 first[256];

	snprintf(first, sizeof(first), "%.*s", w->dns != NULL ?
	    (int)strcspn(w->dns, " ") : 7, w->dns != NULL ? w->dns :
	    "unnamed");
	if (form.common_name == NULL)
		form.common_name = first;
	if (!w->no_san) {
		form.dns = w->dns;
		form.ip = w->ip;
	}
	set_days(&form, w);
	set_usage(&form, w);
	c->issuer = issuer;
	odd_make(&c->own, &form, issuer != NULL ? &issuer->own : NULL);
	return c;
}

void
certificate_free(struct certificate *c)
{
	if (c == NULL)
		return;
	odd_free(&c->own);
	free(c);
}

const char *
certificate_write(const struct certificate *c, struct temp_dir *dir,
    const char *name)
{
	const char	*path = temp_dir_path(dir, name);

	odd_write(&c->own, path, 0);
	return path;
}

/* The certificate and its issuers, without the root. */
const char *
certificate_write_chain(const struct certificate *c, struct temp_dir *dir,
    const char *name)
{
	const char	*path = certificate_write(c, dir, name);

	while ((c = c->issuer) != NULL && c->issuer != NULL)
		odd_write(&c->own, path, ODD_APPEND);
	return path;
}

const char *
certificate_write_key(const struct certificate *c, struct temp_dir *dir,
    const char *name)
{
	const char	*path = temp_dir_path(dir, name);

	odd_write_key(&c->own, path, 0);
	return path;
}

const char *
certificate_write_both(const struct certificate *c, struct temp_dir *dir,
    const char *name)
{
	const char	*path = certificate_write_chain(c, dir, name);

	odd_write_key(&c->own, path, ODD_APPEND);
	return path;
}

const char *
certificate_write_hashed(const struct certificate *c, struct temp_dir *dir,
    const char *name)
{
	const char	*path = temp_dir_path(dir, name);

	if (mkdir(path, 0755) == -1 && errno != EEXIST)
		fail_msg("%s: %s", path, strerror(errno));
	odd_write_hashed(&c->own, path);
	return path;
}

void
certificate_pin(const struct certificate *c, char pin[45])
{
	char	*whole = odd_pin(&c->own);

	strlcpy(pin, whole + strlen("sha256//"), 45);
	free(whole);
}

void
certificate_usual(struct usual_certificates *u, struct temp_dir *dir)
{
	struct certificate	*root, *middle, *leaf;

	root = certificate_make(NULL,
	    &(struct wish){ .name = "relais test root", .ca = true });
	middle = certificate_make(root,
	    &(struct wish){ .name = "relais test issuer", .ca = true });
	leaf = certificate_make(middle, &(struct wish){
	    .dns = "localhost mail.example", .ip = "127.0.0.1 ::1" });
	strlcpy(u->ca, certificate_write(root, dir, "ca.pem"),
	    sizeof(u->ca));
	strlcpy(u->hashed, certificate_write_hashed(root, dir, "hashed"),
	    sizeof(u->hashed));
	strlcpy(u->chain, certificate_write_chain(leaf, dir, "chain.pem"),
	    sizeof(u->chain));
	strlcpy(u->key, certificate_write_key(leaf, dir, "key.pem"),
	    sizeof(u->key));
	certificate_pin(leaf, u->pin);
	certificate_free(leaf);
	certificate_free(middle);
	certificate_free(root);
}
