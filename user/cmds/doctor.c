/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace doctor: can this machine trace, and what does an event cost here? */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/requirements.h"
#include "base/json_writer.h"
#include "base/message.h"
#include "base/number.h"
#include "cmds/command.h"
#include "cmds/options.h"
#include "cmds/self_test.h"

struct doctor_options {
	bool json;
};

enum self_test_state {
	SELF_TEST_PASSED,
	SELF_TEST_FAILED,
	SELF_TEST_SKIPPED, /* something that it needs is missing */
};

struct diagnosis {
	struct requirements requirements;
	enum self_test_state self_test_state;
	struct self_test self_test;
};

static const struct option_rule rules[] = {
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct doctor_options, json), NULL,
		    "print one JSON document"),
};

static const char *const synopsis[] = { "[OPTIONS]", NULL };
static const char *const examples[] = { "sudo asyncspan-trace doctor", NULL };

static const struct options_grammar grammar = {
	.verb = "doctor",
	.synopsis = synopsis,
	.summary =
		"Checks all that tracing needs of this machine and says what to do about what is\n"
		"missing; then traces itself for a moment and measures what one event costs here.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
};

static const char *const state_names[] = {
	[REQUIREMENT_MET] = "ok",
	[REQUIREMENT_UNKNOWN] = "unknown",
	[REQUIREMENT_MISSING] = "missing",
};

static const char *const self_test_names[] = {
	[SELF_TEST_PASSED] = "ok",
	[SELF_TEST_FAILED] = "failed",
	[SELF_TEST_SKIPPED] = "skipped",
};

static bool requirements_met(const struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++) {
		if (requirements->items[i].state != REQUIREMENT_MET)
			return false;
	}
	return true;
}

static bool is_healthy(const struct diagnosis *diagnosis)
{
	return requirements_met(&diagnosis->requirements) &&
	       diagnosis->self_test_state == SELF_TEST_PASSED;
}

static void diagnose(struct diagnosis *diagnosis)
{
	struct self_test *test = &diagnosis->self_test;

	memset(diagnosis, 0, sizeof(*diagnosis));
	requirements_check(&diagnosis->requirements);
	diagnosis->self_test_state = SELF_TEST_SKIPPED;
	if (!requirements_met(&diagnosis->requirements))
		return;
	diagnosis->self_test_state = self_test_run(test) == 0 && test->arrived == test->expected ?
					     SELF_TEST_PASSED :
					     SELF_TEST_FAILED;
}

static void write_self_test(const struct diagnosis *diagnosis)
{
	const struct self_test *test = &diagnosis->self_test;
	char arrived[NUMBER_TEXT_SIZE];
	char expected[NUMBER_TEXT_SIZE];

	printf("%-8s %-19s ", self_test_names[diagnosis->self_test_state], "tracing itself");
	if (diagnosis->self_test_state == SELF_TEST_SKIPPED) {
		puts("as something is missing");
		return;
	}
	if (*test->message) {
		printf("%s\n", test->message);
		return;
	}
	printf("%s of %s events arrived\n", number_format(test->arrived, arrived),
	       number_format(test->expected, expected));
	printf("%-8s %-19s %.0f ns traced, %.1f ns untraced\n", "", "cost of one event",
	       test->traced_ns, test->untraced_ns);
}

static int write_text(const struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < diagnosis->requirements.count; i++) {
		const struct requirement *item = &diagnosis->requirements.items[i];

		printf("%-8s %-19s %s\n", state_names[item->state], item->name, item->found);
		if (item->state != REQUIREMENT_MET)
			printf("%-8s -> %s\n", "", item->remedy);
	}
	write_self_test(diagnosis);
	puts(is_healthy(diagnosis) ? "This machine can trace." : "This machine cannot trace yet.");
	return fflush(stdout) || ferror(stdout) ? -EIO : 0;
}

static void write_json_self_test(struct json_writer *json, const struct diagnosis *diagnosis)
{
	const struct self_test *test = &diagnosis->self_test;

	json_writer_object_begin(json, "self_test");
	json_writer_string(json, "state", self_test_names[diagnosis->self_test_state]);
	json_writer_string(json, "message", test->message);
	if (test->expected) {
		json_writer_unsigned(json, "events_expected", test->expected);
		json_writer_unsigned(json, "events_arrived", test->arrived);
		json_writer_real(json, "traced_event_ns", test->traced_ns);
		json_writer_real(json, "untraced_event_ns", test->untraced_ns);
	}
	json_writer_object_end(json);
}

static int write_json(const struct diagnosis *diagnosis)
{
	struct json_writer json;

	json_writer_begin(&json, stdout);
	json_writer_object_begin(&json, NULL);
	json_writer_bool(&json, "can_trace", is_healthy(diagnosis));
	json_writer_array_begin(&json, "checks");
	for (size_t i = 0; i < diagnosis->requirements.count; i++) {
		const struct requirement *item = &diagnosis->requirements.items[i];

		json_writer_object_begin(&json, NULL);
		json_writer_string(&json, "name", item->name);
		json_writer_string(&json, "state", state_names[item->state]);
		json_writer_string(&json, "found", item->found);
		if (item->state == REQUIREMENT_MET)
			json_writer_null(&json, "remedy");
		else
			json_writer_string(&json, "remedy", item->remedy);
		json_writer_object_end(&json);
	}
	json_writer_array_end(&json);
	write_json_self_test(&json, diagnosis);
	json_writer_object_end(&json);
	return json_writer_end(&json);
}

int doctor_run(int argc, char **argv)
{
	struct doctor_options options = { .json = false };
	struct diagnosis diagnosis;
	int status = options_parse(&grammar, argc, argv, &options);
	int error;

	if (status != OPTIONS_PROCEED)
		return status;
	diagnose(&diagnosis);
	error = options.json ? write_json(&diagnosis) : write_text(&diagnosis);
	if (error) {
		message_error("cannot write the diagnosis: %s", strerror(-error));
		return OPTIONS_EXIT_USAGE;
	}
	return is_healthy(&diagnosis) ? COMMAND_EXIT_OK : COMMAND_EXIT_FAILED;
}
