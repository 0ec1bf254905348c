/* A sentence for every slip: what was wrong, where, and what was probably meant. */
#include "small_program.h"

/* ---------------------------------------------------------------- yaml slips */

TEST(a_condition_in_braces_is_cut_apart_by_its_comma)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - branch:\n"
	    "      - { if: trait.country in (\"FI\", \"SE\"), then: [] }\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:7:43: while parsing a flow mapping: did not find expected ',' or '}'. Conditions do not stand in { }: a comma or a quote cuts them apart; give them a line of their own");
}

TEST(a_number_list_in_braces)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - branch:\n"
	    "      - { if: now in (1, 2), then: [] }\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:7:26: '2)' is a piece of a condition that a comma cut apart: conditions stand on a line of their own, not in { }");
}

TEST(a_value_that_begins_with_a_quote)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: \"Order Completed\" where (total > 5)\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:4:25: while parsing a block mapping: did not find expected key. A value that begins with a quote ends with it: begin with a word (track \"Order Completed\" …), or write the text on lines of its own after '|'");
}

TEST(a_remark_inside_a_plain_condition_of_several_lines)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: did \"Order Completed\"\n"
	    "  # not cancelled\n"
	    "  last 90d\n",
	    "segments.yaml:4:3: while parsing a block mapping: did not find expected key. A remark ends a condition of several lines: write the lines after '|', where # begins a remark of the condition itself");
}

TEST(a_remark_without_a_space_before_it)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: did \"Order Completed\" #and consent.email\n",
	    "warning: segments.yaml:2:29: '#and consent.email' is a remark and does nothing: was it meant? A remark has a space after #");
}

TEST(a_colon_inside_a_text)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: trait.country = \"Sale: shoes\"\n",
	    "segments.yaml:2:28: there is a colon inside a text that stands without quotes: put the text in 'single quotes', or on lines of its own after `|`");
}

TEST(a_label_that_its_comma_cuts_apart)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "label: { en: Attract, sell, wow }\n"
	    "when: everyone\n",
	    "segments.yaml:2:23: 'sell' has no text: did a comma cut a label apart? Put it in quotes\n"
	    "segments.yaml:2:29: 'wow' has no text: did a comma cut a label apart? Put it in quotes");
}

TEST(double_keys)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "purpose: service\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:3:1: the key `purpose` stands twice here, first in line 2");
}

TEST(tags)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: !did X\n",
	    "segments.yaml:2:7: tags (!name) are not used in these documents");
}

TEST(anchors)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: &a did \"Order Completed\"\n"
	    "---\n"
	    "segment: vip\n"
	    "when: *a\n",
	    "segments.yaml:2:7: anchors (&name) are not used in these documents: write the text out");
}

TEST(tabs)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "	when: everyone\n",
	    "segments.yaml:2:1: while scanning a plain scalar: found a tab character that violates indentation");
}

TEST(a_list_where_a_condition_belongs)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when:\n"
	    "  - did \"Order Completed\"\n",
	    "segments.yaml:3:3: 'when' takes a condition, not a list: did a comma or a colon cut it? Put it on its own lines after '|'");
}

TEST(an_error_inside_a_block_keeps_its_line_and_column)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: |\n"
	    "  did \"Order Completed\"\n"
	    "  and trait.country == \"FI\"\n",
	    "segments.yaml:4:21: '==' is written with one '='");
}

/* ---------------------------------------------------------------- keys */

TEST(an_unknown_key_of_a_journey)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "exits:\n"
	    "  on: goal\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:5:1: a journey has no key 'exits' (did you mean 'exit'?)");
}

TEST(an_unknown_key_of_a_step)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - send: email hello\n"
	    "    expire: 2d\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:7:5: a send has no key 'expire' (did you mean 'expires'?)");
}

TEST(a_step_that_does_not_exist)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - sent: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:6:5: no step begins with 'sent' (did you mean 'send'?): steps are wait, wait for, wait until, send, branch, split, set, task, audience, go to, exit");
}

TEST(a_step_without_an_upper_limit)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait for: track \"Order Completed\"\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:6:5: this step 'wait for' has no 'up to'");
}

TEST(a_document_without_what_it_must_have)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:1:1: this journey has no 'purpose'");
}

TEST(a_word_that_is_none_of_the_words)
{
	CHECK_TOLD("program.yaml",
	    "program: shop\n"
	    "market: b2d\n"
	    "locales: [en, fi]\n",
	    "program.yaml:2:9: 'market' is one of b2c|b2b|both; 'b2d' is not (did you mean 'b2c'?)");
}

TEST(yes_or_no)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: nope, caps: no }\n",
	    "policy.yaml:4:37: 'quiet' is yes or no; 'nope' is neither");
}

TEST(a_name_with_a_space)
{
	CHECK_TOLD("segments.yaml",
	    "segment: big customer\n"
	    "when: everyone\n",
	    "segments.yaml:1:10: 'segment' is a name of letters, digits and _, beginning with a letter; 'big customer' is not");
}

TEST(a_document_that_is_no_mapping)
{
	CHECK_TOLD("segments.yaml",
	    "- a\n"
	    "- b\n",
	    "segments.yaml:1:1: a segment consists of keys and values, such as: segment: …");
}

TEST(an_unknown_document)
{
	CHECK_TOLD("segmets.yaml",
	    "segment: x\n"
	    "when: everyone\n",
	    "warning: segmets.yaml: no document of a program has this name (did you mean 'segments.yaml'?): it is not read");
}

TEST(two_documents_where_one_belongs)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "---\n"
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n",
	    "policy.yaml:6:1: there is one document in policy.yaml: the part after '---' is a second one");
}

TEST(an_empty_document)
{
	CHECK_TOLD("goals.yaml",
	    "\n",
	    "warning: goals.yaml: this file is empty");
}

/* ---------------------------------------------------------------- names */

TEST(an_event_that_the_vocabulary_does_not_know)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Complete\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "warning: journeys/hello.yaml:4:7: the event \"Order Complete\" is not in the vocabulary; did you mean Order Completed?");
}

TEST(a_property_that_the_event_does_not_have)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\" where (totl > 5)\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "warning: journeys/hello.yaml:4:38: 'totl' is not a property of \"Order Completed\"; did you mean total?");
}

TEST(a_trait_that_is_not_declared)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: trait.contry = \"FI\"\n",
	    "warning: segments.yaml:2:7: trait.contry is not in the vocabulary; did you mean country?");
}

TEST(a_word_that_is_not_in_an_ordered_list)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: trait.tier >= \"Gold\"\n",
	    "segments.yaml:2:21: trait.tier is never \"Gold\"; it is one of: none, silver, gold; did you mean gold?");
}

TEST(a_segment_that_does_not_exist)
{
	CHECK_TOLD("lifecycle/path.yaml",
	    "lifecycle: path\n"
	    "stages:\n"
	    "  - stage: reach\n"
	    "    when: everyone\n"
	    "  - stage: engage\n"
	    "    when: in segment \"custmer\"\n",
	    "lifecycle/path.yaml:6:11: there is no segment \"custmer\"; did you mean customer?");
}

TEST(a_stage_that_does_not_exist)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: stage = \"convert\"\n",
	    "segments.yaml:2:1: these segments and stages define each other in a circle: customer → path.engage → customer\n"
	    "segments.yaml:2:15: stage is never \"convert\"; it is one of: reach, engage");
}

TEST(a_purpose_that_the_policy_does_not_have)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketng\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:2:10: the policy has no purpose 'marketng' (did you mean 'marketing'?)");
}

TEST(an_activity_that_the_catalogue_does_not_have)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "activity: welcom\n"
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:1:11: the activity catalogue has no 'welcom' (did you mean 'welcome'?)");
}

TEST(a_topic_that_does_not_exist)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "topic: newz\n"
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:1:8: the vocabulary has no topic 'newz' (did you mean 'news'?)");
}

TEST(a_template_that_does_not_exist)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - send: email helo\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:6:11: there is no template 'helo': templates/helo.html (and .txt)\n"
	    "warning: templates/hello.html: no journey sends 'hello'");
}

TEST(a_channel_that_does_not_exist)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - send: mail hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:6:11: there is no channel 'mail' (did you mean 'email'?): email, push, sms, whatsapp, post, phone, webhook, onsite");
}

TEST(a_step_that_go_to_does_not_find)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - send: email hello\n"
	    "    name: first\n"
	    "  - go to: firs\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:8:12: no step is named 'firs' (did you mean 'first'?)");
}

TEST(a_person_that_nobody_knows)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: anio\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:10:13: there is nobody called 'anio' in people.yaml (did you mean 'aino'?)");
}

TEST(a_file_not_named_like_its_journey)
{
	CHECK_TOLD("journeys/hallo.yaml",
	    "journey: halo\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hallo.yaml:1:10: the file is not named like its journey: it should be halo.yaml");
}

TEST(an_unknown_primary_lifecycle)
{
	CHECK_TOLD("program.yaml",
	    "program: shop\n"
	    "market: b2c\n"
	    "zone: Europe/Helsinki\n"
	    "currency: EUR\n"
	    "locales: [en, fi]\n"
	    "primary lifecycle: rase\n",
	    "program.yaml:6:20: there is no lifecycle model 'rase' in lifecycle/");
}

TEST(a_journey_in_a_group_that_does_not_exist)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "groups:\n"
	    "  a:\n"
	    "    journeys: [hallo]\n",
	    "policy.yaml:7:16: there is no journey 'hallo' (did you mean 'hello'?)");
}

/* ---------------------------------------------------------------- meaning */

TEST(segments_in_a_circle)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: in segment \"vip\"\n"
	    "---\n"
	    "segment: vip\n"
	    "when: in segment \"customer\"\n",
	    "segments.yaml:2:7: these segments define each other in a circle: customer → vip → customer");
}

TEST(a_segment_and_a_stage_in_a_circle)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: stage = \"engage\"\n",
	    "segments.yaml:2:1: these segments and stages define each other in a circle: customer → path.engage → customer");
}

TEST(and_beside_or)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: trait.country = \"FI\" and trait.tier = \"gold\" or trait.tier = \"silver\"\n",
	    "segments.yaml:2:52: 'and' and 'or' stand side by side: put brackets around what belongs together");
}

TEST(a_number_against_a_length)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: count \"Order Completed\" > 30d\n",
	    "segments.yaml:2:7: this compares a number with a length of time: count \"Order Completed\" > 30d (thirty days are written 30d)");
}

TEST(the_trigger_in_a_segment)
{
	CHECK_TOLD("segments.yaml",
	    "segment: customer\n"
	    "when: trigger.total > 5\n",
	    "segments.yaml:2:7: 'trigger' is not known in a condition that stands for ever");
}

TEST(consent_in_the_entry_hides_people_from_the_gap_map)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "  if: consent.email.marketing\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "warning: journeys/hello.yaml:5:7: consent to a channel in the entry's 'if': the policy asks for it when a message goes; here it hides people from the gap map, and from the journey when they consent later");
}

TEST(a_product_trigger_that_concerns_nobody)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: change of product.price where (to < from)\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:4:7: a change of a product concerns people only through an event with it: add … where (product_id = trigger.product_id) to 'if'");
}

TEST(a_holdout_on_a_transaction)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: service\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "holdout: 10%\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:5:10: messages with the purpose 'service' are never held out: take the holdout away");
}

TEST(shares_that_do_not_add_up)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - split: test\n"
	    "    arms:\n"
	    "      - arm: a\n"
	    "        share: 50%\n"
	    "      - arm: b\n"
	    "        share: 40%\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:8:7: the shares add up to 90.0%, not to 100%\n"
	    "warning: templates/hello.html: no journey sends 'hello'");
}

TEST(a_journey_that_gives_consent)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - set:\n"
	    "      consent.email.marketing: true\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:7:32: a journey cannot give consent in somebody's name: it can only take it back\n"
	    "warning: templates/hello.html: no journey sends 'hello'");
}

TEST(two_steps_of_one_name)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - send: email hello\n"
	    "    name: first\n"
	    "  - send: email hello\n"
	    "    name: first\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:8:5: two steps are named 'first': only sends in different arms may share a name");
}

TEST(no_steps)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps: []\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:5:8: a journey without steps does nothing\n"
	    "warning: templates/hello.html: no journey sends 'hello'");
}

TEST(a_journey_without_an_example)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n",
	    "warning: journeys/hello.yaml:1:1: this journey has no example: a person, a story and what is expected, which check runs in virtual time");
}

TEST(a_rule_that_neither_refuses_nor_holds)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "suitability:\n"
	    "  - rule: staff\n"
	    "    for: message.purpose = \"marketing\"\n",
	    "policy.yaml:6:5: the rule 'staff' has one of 'refuse if' (never) and 'hold if' (wait)");
}

TEST(quiet_hours_that_never_end)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "quiet:\n"
	    "  - channels: [email]\n"
	    "    from: 21:30\n"
	    "    to: 21:30\n",
	    "policy.yaml:7:11: quiet hours that end when they begin: nobody would ever be written to");
}

TEST(a_clock_that_is_none)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "quiet:\n"
	    "  - channels: [email]\n"
	    "    from: 25:30\n"
	    "    to: 07:30\n",
	    "policy.yaml:7:11: a time of day is written 21:30; '25:30' is none");
}

TEST(a_window_that_is_none)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "caps:\n"
	    "  - at most: 1\n"
	    "    in: fortnight\n",
	    "policy.yaml:7:9: 'in' is a length such as 24h or 7d, or day, week, month; 'fortnight' is neither");
}

TEST(a_guard_that_is_none)
{
	CHECK_TOLD("policy.yaml",
	    "policy: rules\n"
	    "purposes:\n"
	    "  marketing: { needs: consent, holdout: yes }\n"
	    "  service: { needs: nothing, quiet: no, caps: no }\n"
	    "guards:\n"
	    "  stop when: complaints > 0.3% or bounce > 5% of a day's mail\n",
	    "policy.yaml:6:14: a guard is written: complaints > 0.3% or bounces > 5% of a day's mail");
}

TEST(a_share_above_all)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "holdout: 110%\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:5:10: a share is written 10% and lies between 0% and 100%; '110%' does not");
}

TEST(again_that_is_none)
{
	CHECK_TOLD("journeys/hello.yaml",
	    "journey: hello\n"
	    "purpose: marketing\n"
	    "entry:\n"
	    "  on: track \"Order Completed\"\n"
	    "  again: 7d\n"
	    "steps:\n"
	    "  - wait: 2d\n"
	    "  - send: email hello\n"
	    "examples:\n"
	    "  - it: says hello\n"
	    "    person: aino\n"
	    "    story: []\n"
	    "    expect: []\n",
	    "journeys/hello.yaml:5:10: 'again' is never, always, or 'after' and a length, such as: after 7d");
}

TEST(a_time_zone_that_does_not_exist)
{
	CHECK_TOLD("program.yaml",
	    "program: shop\n"
	    "market: b2c\n"
	    "zone: Europe/Helsinky\n"
	    "currency: EUR\n"
	    "locales: [en, fi]\n",
	    "program.yaml:3:7: there is no time zone 'Europe/Helsinky': write it like Europe/Helsinki");
}

TEST(a_currency_that_is_none)
{
	CHECK_TOLD("program.yaml",
	    "program: shop\n"
	    "market: b2c\n"
	    "zone: Europe/Helsinki\n"
	    "currency: Euro\n"
	    "locales: [en, fi]\n",
	    "program.yaml:4:11: a currency is three capital letters, such as EUR; 'Euro' is none");
}

TEST(a_sender_without_an_address)
{
	CHECK_TOLD("program.yaml",
	    "program: shop\n"
	    "market: b2c\n"
	    "zone: Europe/Helsinki\n"
	    "currency: EUR\n"
	    "locales: [en, fi]\n"
	    "senders:\n"
	    "  default: Shop\n",
	    "program.yaml:7:12: a sender is written: Shop <shop@example.com>; 'Shop' has no address");
}

TEST(a_stage_of_the_business_with_a_condition)
{
	CHECK_TOLD("lifecycle/path.yaml",
	    "lifecycle: path\n"
	    "stages:\n"
	    "  - stage: plan\n"
	    "    of: business\n"
	    "    when: everyone\n"
	    "  - stage: reach\n"
	    "    when: everyone\n",
	    "lifecycle/path.yaml:5:11: people never stand in a stage of the business: it has no 'when'");
}

TEST(a_stage_without_a_condition)
{
	CHECK_TOLD("lifecycle/path.yaml",
	    "lifecycle: path\n"
	    "stages:\n"
	    "  - stage: reach\n",
	    "lifecycle/path.yaml:3:5: the stage 'reach' has no 'when'; write 'when: everyone' for the first");
}

TEST(an_order_that_forgets_a_stage)
{
	CHECK_TOLD("lifecycle/path.yaml",
	    "lifecycle: path\n"
	    "stages:\n"
	    "  - stage: reach\n"
	    "    when: everyone\n"
	    "  - stage: engage\n"
	    "    when: in segment \"customer\"\n"
	    "order: [reach]\n",
	    "lifecycle/path.yaml:7:8: 'order' names every stage once");
}

TEST(a_type_that_does_not_exist)
{
	CHECK_TOLD("vocabulary.yaml",
	    "vocabulary: shop\n"
	    "events:\n"
	    "  Order Completed: { total: mony }\n",
	    "vocabulary.yaml:3:29: 'mony' is no type (did you mean 'money'?): text, number, money, truth, date, distance, list of …, or a list of words");
}

TEST(an_amendment_of_nothing)
{
	CHECK_TOLD("vocabulary.yaml",
	    "vocabulary: shop\n"
	    "events:\n"
	    "  Order Completed: { order_id: text, total: money }\n"
	    "amends:\n"
	    "  Order Cancelled: { event: Order Complete, same: order_id, effect: void }\n",
	    "vocabulary.yaml:5:29: there is no event \"Order Complete\" in this vocabulary (did you mean 'Order Completed'?)");
}

TEST(a_goal_of_a_stage_that_does_not_exist)
{
	CHECK_TOLD("goals.yaml",
	    "goal: order\n"
	    "stage: convert\n"
	    "on: track \"Order Completed\"\n",
	    "goals.yaml:2:8: the primary lifecycle has no stage 'convert'");
}

TEST(evidence_that_is_no_event)
{
	CHECK_TOLD("evidence.yaml",
	    "evidence: cart\n"
	    "seen in: becomes consent.email\n",
	    "evidence.yaml:2:10: evidence is seen in events: track \"…\" where (…), or page where (…)");
}

TEST(evidence_of_too_few_words)
{
	CHECK_TOLD("evidence.yaml",
	    "evidence: cart\n"
	    "seen in: track \"Order Completed\"\n"
	    "at least: some people\n",
	    "evidence.yaml:3:11: 'at least' is written: 20 people");
}

/* ---------------------------------------------------------------- templates */

TEST(a_head_without_an_end)
{
	CHECK_TOLD("templates/hello.html",
	    "---\n"
	    "subject: Hello\n"
	    "<p>Hello</p>\n",
	    "templates/hello.html:1:1: the template's head begins with --- and has no second --- that ends it\n"
	    "templates/hello.html:3:1: a template's head has subject, preheader, layout and note; not '<p>Hello</p>'");
}

TEST(an_unknown_word_in_the_head)
{
	CHECK_TOLD("templates/hello.html",
	    "---\n"
	    "subjet: Hello\n"
	    "---\n"
	    "<p>Hello</p>\n",
	    "journeys/hello.yaml:7:11: the template 'hello' has no subject: its file begins with --- and 'subject: …'\n"
	    "templates/hello.html:2:1: a template's head has subject, preheader, layout and note; not 'subjet' (did you mean 'subject'?)");
}

TEST(a_mail_without_a_subject)
{
	CHECK_TOLD("templates/hello.html",
	    "<p>Hello</p>\n",
	    "journeys/hello.yaml:7:11: the template 'hello' has no subject: its file begins with --- and 'subject: …'");
}

TEST(a_layout_that_does_not_exist)
{
	CHECK_TOLD("templates/hello.html",
	    "---\n"
	    "subject: Hello\n"
	    "layout: letter\n"
	    "---\n"
	    "<p>Hello</p>\n",
	    "templates/hello.html: there is no layout templates/partials/letter.html");
}

TEST(a_language_that_the_program_does_not_speak)
{
	CHECK_TOLD("templates/hello.de.html",
	    "---\n"
	    "subject: Hallo\n"
	    "---\n"
	    "<p>Hallo</p>\n",
	    "templates/hello.de.html: 'de' is none of the program's locales: nobody would ever get this");
}

TEST(a_template_that_nobody_sends)
{
	CHECK_TOLD("templates/bye.html",
	    "---\n"
	    "subject: Bye\n"
	    "---\n"
	    "<p>Bye</p>\n",
	    "warning: templates/bye.html: no journey sends 'bye'");
}

TEST(a_tag_of_Liquid_that_does_not_exist)
{
	CHECK_TOLD("templates/hello.html",
	    "---\n"
	    "subject: Hello\n"
	    "---\n"
	    "<p>Hello\n"
	    "{% iff x %}</p>\n",
	    "templates/hello.html:5:1: there is no tag \"iff\"");
}

TEST(a_filter_that_does_not_exist_in_the_subject)
{
	CHECK_TOLD("templates/hello.html",
	    "---\n"
	    "subject: {{ trait.firstName | defalt: \"x\" }}\n"
	    "---\n"
	    "<p>Hello</p>\n",
	    "templates/hello.html:2:1: there is no filter \"defalt\"");
}

TEST(a_path_out_of_the_program)
{
	CHECK_TOLD("../journeys/x.yaml",
	    "journey: x\n",
	    "'../journeys/x.yaml' is no path inside a program");
}
