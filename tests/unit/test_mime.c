/* Which octets of a mail are which part: the tree written as text, multiparts
 * as
 * "(first second)", leaves as "1.2=content", and the problems behind it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/envelope/header.h"
#include "bridge/envelope/mime.h"

static void
write_part(struct buf *out, const struct part *p)
{
	const struct part *child;

	if (!p->multipart) {
		buf_printf(out, "%.*s=%.*s", (int)p->id.len, p->id.data,
		    (int)p->content.len, p->content.data);
		return;
	}
	assert_int_equal(p->content.len, 0);
	buf_putc(out, '(');
	for (child = p->child; child != NULL; child = child->next) {
		if (child != p->child)
			buf_putc(out, ' ');
		write_part(out, child);
	}
	buf_putc(out, ')');
}

static void
assert_tree(const char *type, const char *body, const char *want)
{
	struct problems ps = { .n = 0 };
	struct span head, rest;
	struct buf raw, got;
	struct arena a;
	struct part *root;
	size_t i;

	arena_init(&a, LIMIT_ENVELOPE_ARENA);
	ps.arena = &a;
	buf_init(&raw, 1 << 20);
	buf_init(&got, 1 << 20);
	buf_printf(&raw, "Content-Type: %s\n\n%s", type, body);
	header_block((struct span){ raw.data, raw.len }, 0, &head, &rest);
	assert_non_null(root = mime_parse(&a, &ps, head, rest));
	write_part(&got, root);
	for (i = 0; i < ps.n; i++)
		buf_printf(&got, " %s", problem_texts[ps.items[i].code].code);
	assert_string_equal(got.data, want);
	buf_free(&raw);
	buf_free(&got);
	arena_free(&a);
}

#define MIXED "multipart/mixed; boundary=b"
#define MIXED_C "Content-Type: multipart/mixed; boundary=c\n\n"

static void
parts_are_what_is_between_boundaries(void **state)
{
	(void)state;
	assert_tree("text/plain", "--b\n\nx", "1=--b\n\nx");
	assert_tree(MIXED, "before\n--b\n\none\n--b\n\ntwo\n--b--\nafter",
	    "(1=one 2=two)");
	/* The line end in front of a boundary is the boundary's. */
	assert_tree(MIXED, "--b\r\n\r\none\r\n\r\n--b\r\n\r\n\r\n--b--\r\n",
	    "(1=one\r\n 2=)");
	/* No empty line, no header, nothing at all. */
	assert_tree(MIXED, "--b\none\n--b\n--b\n\n--b--", "(1=one 2= 3=)");
	assert_tree(MIXED,
	    "--b\n" MIXED_C "--c\n\n1\n--c--\nafter\n--b\n\n2\n--b--",
	    "((1.1=1) 2=2)");
	/* RFC 2045 section 6.4: a multipart has no encoding. */
	assert_tree(MIXED "\nContent-Transfer-Encoding: base64",
	    "--b\n\nYQ==\n--b--", "(1=YQ==)");
	/* A message in the message is a leaf. */
	assert_tree("multipart/digest; boundary=b",
	    "--b\n\nSubject: a\n\nx\n--b--", "(1=Subject: a\n\nx)");
}

static void
a_boundary_is_a_whole_line(void **state)
{
	(void)state;
	assert_tree(MIXED,
	    "--b \t\n\n1\n--bc\n --b\n--b-\n--B\n--b--x\n--b-- \r",
	    "(1=1\n--bc\n --b\n--b-\n--B\n--b--x)");
	assert_tree(MIXED, "--b\n\n1\nx--b\n--b--", "(1=1\nx--b)");
	assert_tree("multipart/mixed; boundary=\"b c \\\"\"",
	    "--b c \"\n\n1\n--b c\n--b c \"--", "(1=1\n--b c)");
	assert_tree("multipart/mixed; boundary=b--",
	    "--b--\n\n1\n--b--\n\n2\n--b----", "(1=1 2=2)");
	/* Some write nothing into it, and mean it. */
	assert_tree("multipart/mixed; boundary=\"\"", "--\n\n1\n--\n\n2\n----",
	    "(1=1 2=2)");
	assert_tree("multipart/mixed; boundary*0=b; boundary*1*=%20c",
	    "--b c\n\n1\n--b c--", "(1=1)");
	assert_tree("multipart/mixed boundary=c; boundary=b", "--b\n\n1\n--b--",
	    "(1=1)");
}

static void
what_is_around_ends_what_is_inside(void **state)
{
	(void)state;
	assert_tree(MIXED, "--b\n" MIXED_C "--c\n\n1\n--b\n\n2\n--b--",
	    "((1.1=1) 2=2) multipartUnclosed");
	/* Its own last boundary comes too late, or is that of its likeness. */
	assert_tree(MIXED, "--b\n" MIXED_C "--c\n\n1\n--b\n\n2\n--c--\n--b--",
	    "((1.1=1) 2=2\n--c--) multipartUnclosed");
	assert_tree(MIXED, "--b\n\n1\n--b--x",
	    "(1=1\n--b--x) "
	    "multipartUnclosed");
	/* Of two with one boundary the inner one has it, until it has ended. */
	assert_tree(MIXED,
	    "--b\nContent-Type: " MIXED "\n\n--b\n\n1\n--b--\n--b\n\n2\n--b--",
	    "((1.1=1) 2=2)");
	assert_tree(MIXED, "--b\n\n1", "(1=1) multipartUnclosed");
	/* The mail ends in a header: what it has is kept. */
	assert_tree(MIXED, "--b\n\n1\n--b\nSub",
	    "(1=1 2=Sub) "
	    "multipartUnclosed");
}

static void
multiparts_without_parts_are_texts(void **state)
{
	(void)state;
	assert_tree("multipart/mixed", "--b\n\nx", "1=--b\n\nx multipartEmpty");
	assert_tree(
	    "multipart/mixed; boundary=", "--\nx", "1=--\nx multipartEmpty");
	assert_tree(MIXED, "no part", "1=no part multipartEmpty");
	assert_tree(MIXED, "no part\n--b--\nafter",
	    "1=no part\n--b--\nafter multipartEmpty");
	assert_tree(MIXED, "--b\n" MIXED_C "x\n--c--\ny\n--b\n\n2\n--b--",
	    "(1=x\n--c--\ny 2=2) multipartEmpty");
	assert_tree(MIXED, "--b\n" MIXED_C "x\n--b--", "(1=x) multipartEmpty");
	assert_tree("multipart/", "--b\n\nx", "1=--b\n\nx contentTypeInvalid");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_what_is_between_boundaries),
		cmocka_unit_test(a_boundary_is_a_whole_line),
		cmocka_unit_test(what_is_around_ends_what_is_inside),
		cmocka_unit_test(multiparts_without_parts_are_texts),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
