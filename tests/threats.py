"""The threats that orgroot must withstand, each with the tests that attack through its commands.

`tests/docs/test_security.py` holds this table to the tests and to the mutants: whoever finds a new
threat adds a row, an attack, and a mutant for each thing that withstands it.
"""

E2E = "e2e/test_threats_"

DEMANDED = """
edited request after approval; approval file written by the requester; key added to local YAML;
old rules put back; self-approval through a second key or role; one person in two slots; replay of
an approval to another account, bucket, org or log; replay of a request for a second run; replay of
a revoked approval at a later position; a session handed out for one task and used for another; a
plan whose text differs from what was shown; loosening changes through a rule for additive ones; a
foreign config with its own owners and store; a fake endpoint that lies about OUs; an account moved
to a weaker OU and back; expiry and skew, post-dated approvals; bucket policy or tags changed after
approval; bucket of another account; stolen key, lost owner; AssumeRoot outside the tool, with a
copied reference; session used beyond the plan; record edited, removed, reordered; whole log
rewritten; tail cut; two machines; emptied store; delete marker plus second write; garbage appended
to stop the log; `recover` while the executor still runs; crash at every step; disk full, EIO, store
down, hung or lost replies; secrets in log, output, debug and traceback; YAML bombs, duplicates,
octal ids, typos; homoglyphs, terminal escapes; malleable signatures; `ssh-keygen` replaced in PATH;
break-glass as the everyday path; rules nobody can satisfy
"""
"""What orgroot was designed against, each between semicolons."""

THREATS = {
    "edited request after approval": ("requests.py::test_edited_request_after_approval",),
    "approval file written by the requester": (
        "emergency.py::test_approval_file_written_by_the_requester",
    ),
    "key added to local YAML": ("rules.py::test_key_added_to_local_yaml",),
    "old rules put back": (
        "owners.py::test_old_rules_put_back",
        "owners.py::test_a_proposal_past_its_days",
    ),
    "self-approval through a second key or role": (
        "rules.py::test_self_approval_through_a_second_key",
        "rules.py::test_self_approval_through_a_second_role",
    ),
    "one person in two slots": ("rules.py::test_one_person_in_two_slots",),
    "replay of an approval to another account, bucket, org or log": (
        "emergency.py::test_replay_of_an_approval_to_another_account_bucket_org_or_log",
        "owners.py::test_replay_from_another_log_of_the_same_people",
    ),
    "replay of a request for a second run": ("emergency.py::test_a_request_for_a_second_run",),
    "replay of a revoked approval at a later position": (
        "emergency.py::test_replay_of_a_revoked_approval_at_a_later_position",
        "emergency.py::test_an_approval_taken_back_before_it_was_attached",
    ),
    "a session handed out for one task and used for another": (
        "handed_out.py::test_a_session_handed_out_for_one_task_and_used_for_another",
        "sessions.py::test_a_session_handed_out_for_one_task_and_used_for_another",
    ),
    "a plan whose text differs from what was shown": (
        "requests.py::test_a_plan_whose_text_differs_from_what_was_shown",
    ),
    "loosening changes through a rule for additive ones": (
        "requests.py::test_loosening_changes_through_a_rule_for_additive_ones",
    ),
    "a foreign config with its own owners and store": (
        "owners.py::test_a_foreign_config_with_its_own_owners_and_store",
        "owners.py::test_owners_of_a_thiefs_choosing",
    ),
    "a fake endpoint that lies about OUs": (
        "sessions.py::test_a_fake_endpoint_that_lies_about_ous",
    ),
    "an account moved to a weaker OU and back": (
        "rules.py::test_account_moved_to_a_weaker_ou_and_back",
    ),
    "expiry and skew, post-dated approvals": (
        "requests.py::test_expiry_and_skew_and_post_dated_approvals",
        "owners.py::test_expired_rules",
    ),
    "bucket policy or tags changed after approval": (
        "rules.py::test_bucket_policy_or_tags_changed_after_approval",
    ),
    "bucket of another account": ("requests.py::test_bucket_of_another_account",),
    "stolen key, lost owner": (
        "owners.py::test_stolen_key_of_an_approver",
        "owners.py::test_stolen_key_of_one_owner",
        "owners.py::test_stolen_key_of_an_owner_is_ended_by_its_owner",
        "owners.py::test_lost_owner",
    ),
    "AssumeRoot outside the tool, with a copied reference": (
        "trail.py::test_assume_root_outside_the_tool_with_a_copied_reference_is_found",
        "trail.py::test_a_session_opened_before_its_approvals_is_not_made_good_later",
    ),
    "session used beyond the plan": ("trail.py::test_session_used_beyond_the_plan",),
    "record edited, removed, reordered": (
        "log.py::test_record_edited_replaced_or_reordered",
        "log.py::test_record_removed",
        "log.py::test_a_forged_fact",
    ),
    "whole log rewritten": (
        "log.py::test_record_edited_replaced_or_reordered",
        "log.py::test_another_log_in_the_place_of_ours",
    ),
    "tail cut": ("log.py::test_tail_cut", "log.py::test_a_machine_made_to_forget"),
    "two machines": (
        "log.py::test_two_machines_shown_different_logs",
        "store.py::test_eight_processes_execute_a_request_once",
    ),
    "emptied store": (
        "store.py::test_emptied_store",
        "store.py::test_another_store_with_an_older_log",
    ),
    "delete marker plus second write": (
        "store.py::test_delete_marker_plus_second_write",
        "store.py::test_a_write_over_a_marker_is_no_intent",
        "store.py::test_a_second_version_over_an_unlocked_record",
        "store.py::test_whoever_may_append_cannot_write_twice",
    ),
    "garbage appended to stop the log": (
        "store.py::test_garbage_appended_to_stop_the_log",
        "log.py::test_a_key_and_the_store_stop_everyone",
    ),
    "`recover` while the executor still runs": (
        "crash.py::test_recover_while_the_executor_still_runs",
        "crash.py::test_an_executor_that_slept_past_its_recovery_does_nothing_more",
    ),
    "crash at every step": (
        "crash.py::test_crash_at_every_step",
        "crash.py::test_a_removal_killed_at_every_step",
    ),
    "disk full, EIO, store down, hung or lost replies": (
        "crash.py::test_disk_full_and_eio_at_every_step",
        "crash.py::test_lost_replies_and_5xx_at_every_call",
        "store.py::test_store_down",
        "store.py::test_store_down_for_writing",
    ),
    "secrets in log, output, debug and traceback": (
        "input.py::test_secrets_in_log_output_debug_and_traceback",
    ),
    "YAML bombs, duplicates, octal ids, typos": (
        "input.py::test_yaml_bombs_duplicates_and_typos",
        "input.py::test_octal_ids",
    ),
    "homoglyphs, terminal escapes": (
        "input.py::test_homoglyphs",
        "input.py::test_terminal_escapes",
    ),
    "malleable signatures": ("signatures.py::test_malleable_signatures",),
    "a signature by a security key that nobody touched": (
        "signatures.py::test_a_security_key_that_nobody_touched",
    ),
    "`ssh-keygen` replaced in PATH": ("signatures.py::test_ssh_keygen_replaced_in_path",),
    "break-glass as the everyday path": ("emergency.py::test_break_glass_as_the_everyday_path",),
    "an SCP that stops root sessions for a whole landing zone": (
        "scps.py::test_an_scp_that_stops_root_sessions_for_a_landing_zone",
    ),
    "SCPs that reach too far, too early, or somebody else's": (
        "scps.py::test_scps_of_another_tool_are_never_written",
        "e2e/test_scp_plans.py::test_waves_go_out_and_come_back",
    ),
    "SCPs that changed after approval": (
        "scps.py::test_an_scp_that_changed_after_its_approval",
        "e2e/test_scp_plans.py::test_waves_go_out_and_come_back",
    ),
    "rules nobody can satisfy": ("rules.py::test_rules_nobody_can_satisfy",),
}
"""Threat, in the words of the mutants' `Threat:` lines, and its attacks: below `E2E`, or a path."""


def attacks(threat: str) -> tuple[str, ...]:
    """The tests of a threat, as SECURITY.md names tests."""
    return tuple(test if "/" in test else E2E + test for test in THREATS[threat])
