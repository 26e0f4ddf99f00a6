#include "budget/report.h"

#include <math.h>
#include <string.h>

/* Three significant digits; counts without a fraction. */
static void
format_number(char *to, size_t size, double v)
{
	if (v >= 9999.5)
		snprintf(to, size, "%d,%03d", (int)lround(v) / 1000,
		    (int)lround(v) % 1000);
	else if (v >= 99.95 || v == floor(v))
		snprintf(to, size, "%.0f", v);
	else if (v >= 9.995)
		snprintf(to, size, "%.1f", v);
	else
		snprintf(to, size, "%.2f", v);
}

/* By which factor the other program is worse than relais. */
static double
ratio(const struct line *l, size_t peer)
{
	double	ours = l->figure[RELAIS].value;
	double	theirs = l->figure[peer].value;

	return l->sense == LESS_IS_BETTER ? theirs / ours : ours / theirs;
}

static void
add_figure(FILE *f, const struct line *l, size_t peer)
{
	const struct figure	*g = &l->figure[peer];
	bool			 compared = peer != RELAIS &&
				    l->figure[RELAIS].state == MEASURED;
	char			 value[40];
	double			 times;

	format_number(value, sizeof(value), g->value);
	switch (g->state) {
	case ABSENT:
		fprintf(f, " — |");
		break;
	case REFUSED:
		fprintf(f, " fails |");
		break;
	case TOO_SLOW:
		fprintf(f, " %s %s |", l->sense == LESS_IS_BETTER ? "over" :
		    "under", value);
		break;
	case MEASURED:
		fprintf(f, " %s%s", value, g->note ? "\\*" : "");
		if (compared) {
			times = ratio(l, peer);
			fprintf(f, times < 0.095 ? " (%.2f×)" :
			    times < 9.95 ? " (%.1f×)" : " (%.0f×)", times);
		}
		fprintf(f, " |");
		break;
	}
}

void
report_table(FILE *f, const struct line *line, size_t n)
{
	fprintf(f, "| |");
	for (size_t i = 0; i < N_PEERS; i++)
		fprintf(f, " %s |", peers[i].name);
	fprintf(f, "\n| --- |");
	for (size_t i = 0; i < N_PEERS; i++)
		fprintf(f, " ---: |");
	fprintf(f, "\n");
	for (const struct line *l = line; l < line + n; l++) {
		fprintf(f, "| %s |", l->label);
		for (size_t i = 0; i < N_PEERS; i++)
			add_figure(f, l, i);
		fprintf(f, "\n");
	}
}

/* The four panels of the chart, two in a row. */
enum {
	PANELS = 4, WIDTH = 840, PANEL_WIDTH = 410, HEAD = 46, BAR = 20,
	NAMES = 112, BARS = 220,
	PANEL_HEIGHT = HEAD + BAR * N_PEERS + 24,
};

static const struct panel {
	const char	*title, *unit;
	const char	*scenario;
	size_t		 number;
} panels[PANELS] = {
	{ "A small message, until the smarthost has it", "ms, in clear text",
	    "plain", 0 },
	{ "The same with TLS and AUTH", "ms", "tls", 0 },
	{ "200 messages of 8 callers with TLS",
	    "messages per second: more is better", "burst-tls", 0 },
	{ "Memory of all processes while it is sent with TLS",
	    "MiB", "cost-tls", 3 },
};

static const struct line *
line_of(const struct line *line, size_t n, const struct panel *p)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(line[i].scenario, p->scenario) == 0 &&
		    line[i].number == p->number)
			return &line[i];
	return NULL;
}

/*
 * The lengths of the bars are logarithmic, because the figures differ by three
 * orders of magnitude.  The shortest bar is not zero.
 */
static void
draw_panel(FILE *f, const struct panel *p, const struct line *l, int x, int y)
{
	double	least = HUGE_VAL, most = 0;
	char	value[40];

	for (size_t i = 0; i < N_PEERS; i++) {
		double	v = l->figure[i].value;

		if (l->figure[i].state != MEASURED)
			continue;
		least = fmin(least, v);
		most = fmax(most, v);
	}
	least = pow(10, floor(log10(least) - 0.1));
	fprintf(f, "<text x=\"%d\" y=\"%d\" class=\"title\">%s</text>\n"
	    "<text x=\"%d\" y=\"%d\" class=\"unit\">%s</text>\n", x, y + 16,
	    p->title, x, y + 33, p->unit);
	y += HEAD;
	for (size_t i = 0; i < N_PEERS; i++, y += BAR) {
		const struct figure	*g = &l->figure[i];
		double			 length = 0;

		if (g->state == MEASURED)
			length = fmax(2, BARS * log10(g->value / least) /
			    log10(most / least));
		if (g->state == MEASURED)
			format_number(value, sizeof(value), g->value);
		else
			strlcpy(value, g->state == ABSENT ? "—" :
			    g->state == REFUSED ? "fails" : "too slow",
			    sizeof(value));
		fprintf(f, "<text x=\"%d\" y=\"%d\" class=\"name\">%s</text>\n"
		    "<rect x=\"%d\" y=\"%d\" width=\"%.0f\" height=\"%d\" "
		    "rx=\"2\" class=\"%s\"/>\n"
		    "<text x=\"%.0f\" y=\"%d\">%s</text>\n", x + NAMES - 8,
		    y + 14, peers[i].name, x + NAMES, y + 3, length, BAR - 6,
		    peers[i].package == NULL ? "ours" : "theirs",
		    x + NAMES + length + 6, y + 14, value);
	}
}

bool
report_chart(FILE *f, const struct line *line, size_t n)
{
	int	height = 2 * PANEL_HEIGHT + 22;

	for (size_t i = 0; i < PANELS; i++) {
		const struct line	*l = line_of(line, n, &panels[i]);

		if (l == NULL || l->figure[RELAIS].state != MEASURED)
			return false;
	}
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-label=\"relais and other programs: time for a message, rate "
	    "and memory\">\n"
	    "<style>\n"
	    "text { font: 12px system-ui, sans-serif; fill: #1f2328 }\n"
	    ".title { font-weight: 600; font-size: 13px }\n"
	    ".unit { fill: #59636e }\n"
	    ".name { text-anchor: end }\n"
	    ".ours { fill: #1a7f37 }\n"
	    ".theirs { fill: #8c959f }\n"
	    "@media (prefers-color-scheme: dark) {\n"
	    "text { fill: #e6edf3 }\n"
	    ".unit { fill: #9198a1 }\n"
	    ".ours { fill: #3fb950 }\n"
	    ".theirs { fill: #656c76 }\n"
	    "}\n"
	    "</style>\n", WIDTH, height, WIDTH, height);
	for (size_t i = 0; i < PANELS; i++)
		draw_panel(f, &panels[i], line_of(line, n, &panels[i]),
		    (int)(i % 2) * (WIDTH - PANEL_WIDTH) + 4,
		    (int)(i / 2) * PANEL_HEIGHT + 4);
	fprintf(f, "<text x=\"4\" y=\"%d\" class=\"unit\">The scales are "
	    "logarithmic.</text>\n</svg>\n", height - 8);
	return true;
}
