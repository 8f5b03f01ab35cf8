"""What the language says, statement by statement, and the tests that hold it to that.

A test is named by its place below `tests/`; a word and a colon stand for the places of `SHORT`.
"""

from __future__ import annotations

from collections.abc import Iterator

SHORT = {
    "hand": "language/test_examples.py::test_outputs_and_gradients_are_those_worked_out_by_hand[{}]",
    "form": "language/test_forms.py::test_{}",
    "refused": "frontend/test_diagnostics.py::test_a_faulty_file_is_answered_with_its_exact_text[{}]",
    "program": "frontend/test_programs.py::test_a_layer_resolves_to_the_program_that_was_read[{}]",
    "text": "frontend/test_expressions.py::test_{}",
    "file": "frontend/test_diagnostics.py::test_{}",
    "builder": "frontend/test_builder.py::test_{}",
    "unseen": "unseen/test_unseen_layers.py::test_a_layer_agrees_with_torch_in_float64[{}-",
    "call": "module_contract/test_calls.py::test_{}",
    "pit": "module_contract/test_pits.py::test_{}",
    "source": "module_contract/test_source.py::test_{}",
    "value": "module_contract/test_values.py::test_{}",
    "name": "module_contract/test_names.py::test_{}",
    "check": "check/test_gradients.py::test_{}",
    "command": "cli/test_commands.py::test_{}",
    "compile": "cli/test_compile.py::test_{}",
    "api": "api/test_compiled.py::test_{}",
}

LAYER_FILE = {
    "numbers and words are YAML 1.2's": "hand:words_of_older_yaml text:numbers_are_exact",
    "`layer` is required, and an identifier": "refused:E202-no-name refused:E204-layer-name name:a_layer_may_bear_any_name_that_a_module_can_have",
    "`doc` goes into the module": "form:the_doc_of_a_layer_stands_in_its_module builder:text_in_doc_cannot_leave_it",
    "`inputs`: floats are differentiated": "pit:labels_masks_states_and_frozen_inputs_get_no_gradient hand:some_are_differentiated",
    "`params` are always differentiated": "refused:E206-frozen-parameter refused:E206-trained-mask",
    "`state` is carried on, never differentiated": "call:states_are_a_named_tuple_and_third hand:a_next_value_takes_no_gradient",
    "`hyperparameters` in values, indices, dimensions, conditions": "hand:numbers_and_switches_everywhere hand:numbers_and_switches_told",
    "a float hyperparameter is no index": "refused:E408",
    "hyperparameters have defaults and are keywords": "refused:E208 call:arguments_stand_in_declared_order_and_hyperparameters_are_keywords",
    "`dims` are made of others, with `//`": "hand:a_derived_dimension call:a_derived_dimension_is_checked refused:E415 refused:E416",
    "a plain dimension appears in a shape": "refused:E417 refused:E402",
    "`indices` decides a range": "hand:fewer_positions_than_the_axis file:the_range_that_a_hint_suggests_mends_the_file refused:E414",
    "`random` is drawn from the caller's generator": "call:random_numbers_come_from_the_callers_generator refused:E209 program:modes_random",
    "`where` in any order": "hand:a_definition_further_down pit:the_order_of_declarations_does_not_change_the_gradients",
    "`outputs`: at least one": "refused:E202 refused:E202-mode-without-output",
    "`update`: a state's next value, outside the gradient": "hand:a_next_value_takes_no_gradient refused:E214 refused:E508",
    "`modes` replace by the left side, and `{}` empties": "hand:a_mode_replaces_by_the_left_side program:modes_random refused:E211",
    "what a mode leaves unused is dropped": "program:modes_random call:a_mode_with_an_output_more_takes_and_gives_it",
    "`assume` may be used to simplify": "form:a_soft_target_that_is_known_to_sum_to_one_leaves_probabilities_less_targets",
    "the checker's inputs satisfy `assume`": "check:inputs_are_drawn_that_satisfy_an_assumption check:assumptions_that_contradict_each_other_are_reported",
    "`wrt` chooses; an empty one leaves forward alone": "pit:wrt_chooses_what_is_differentiated refused:E215 "
    "call:a_layer_with_nothing_to_differentiate_has_no_backward_and_no_cache",
    "`use` names files; the library needs no entry": "program:glu_call refused:E512 refused:E513-parent hand:hyperparameters_of_a_call",
    "`check` gives sizes and values": "check:values_given_by_the_layer_are_used refused:E216",
    "all names share one namespace": "refused:E213 refused:E213-dimension-and-hyperparameter refused:E213-index-and-tensor refused:E212",
    "a function's name may be a layer's; the function wins": "unseen:named_like_a_function",
    "unknown, missing, undeclared and unused names are errors with their line": "refused:E201 refused:E202 refused:E402 refused:E217 "
    "refused:E217-definition refused:E217-hyperparameter refused:E217-index refused:several-at-once",
}

TENSOR_TYPES = {
    "a float tensor, a scalar": "hand:a_mode_replaces_by_the_left_side refused:E205",
    "`values: C`: integers below C, which may index": "unseen:positions call:a_wrong_argument_is_refused_by_name",
    "`also`: further values, compared or excluded": "hand:labels_and_one_value_more program:ignore check:labels_lie_in_their_range_and_the_extra_values_occur",
    "`dtype: bool`: a mask": "hand:a_mask_is_a_condition_and_a_number",
    "`grad: false`": "hand:some_are_differentiated refused:E206",
    "`outside`: what a read beyond the range gives": "hand:zero_outside hand:minus_infinity_outside",
    "without it such a read needs a guard": "hand:a_condition_keeps_inside refused:E423 call:a_dimension_read_beyond_its_range_is_refused",
    "`init`: how a parameter or state starts": "call:init_gives_dictionaries_by_name_in_the_asked_dtype "
    "call:init_draws_by_the_declared_distribution_and_the_callers_generator program:mlp_whole",
    "`...`: any leading axes, the same for all that have them": "hand:leading_axes hand:no_leading_axes refused:E207 refused:E412 program:leading",
    "fixed and derived dimensions are checked when called": "hand:fixed_and_derived_in_a_shape call:a_fixed_dimension_is_checked "
    "call:a_derived_dimension_is_checked",
}

EXPRESSIONS = {
    "Python's syntax and precedence": "text:random_expressions_bind_as_in_python",
    "nothing else parses, nothing is run": "text:what_is_not_an_expression_of_the_language_is_refused refused:E304 refused:E304-attribute "
    "refused:E304-lambda refused:E305-string hostile/test_hostile_files.py::test_a_hostile_file_is_answered",
    "a tensor is indexed by all its axes": "refused:E406",
    "sizes, indices and hyperparameters are numbers": "hand:sizes_and_positions_are_numbers unseen:sizes_as_numbers",
    "free indices stand on the left, others are bound": "refused:E401 refused:E404 refused:E411",
    "the inner binding of a name counts": "hand:the_inner_binding_counts program:lexical unseen:absent_and_reused",
    "an index may be absent on the right": "hand:absent_on_the_right unseen:absent_and_reused",
    "two sizes of one index are an error at both places": "refused:E405 refused:E405-smaller",
    "what is not proved to stay in range is checked before any work": "call:a_dimension_read_beyond_its_range_is_refused "
    "call:nothing_is_computed_before_the_refusal",
    "numbers are exact": "hand:exact_numbers unseen:exact_numbers text:numbers_are_exact builder:a_float_of_python_keeps_all_its_digits",
    "a bool counts as 0 or 1": "hand:a_bool_is_0_or_1 unseen:truth_as_numbers",
    "limits are a range of their own": "hand:limits_are_a_range refused:E310-limits",
    "removable gaps take their limit": "hand:removable_gaps hand:slopes_in_removable_gaps unseen:removable_gaps",
    "positions: integer arithmetic, data, Min, Max, Abs, //, %": "hand:positions_of_every_kind unseen:positions refused:E408-float-tensor-as-index",
    "an affine position costs a slice": "form:an_affine_position_costs_a_slice_and_no_list_of_places",
    "floor of a float expression is a position": "hand:a_floor_is_a_position unseen:bilinear_up",
    "comparisons chain; and, or, not": "hand:chains_and_words program:bools",
    "all tensors of a right side are indexed, or none": "refused:E420 refused:E420-sum-of-indexed",
}

FUNCTIONS = {
    "exp, log, roots, circular and hyperbolic functions": "hand:elementary_functions hand:slopes_of_elementary_functions",
    "sigmoid, softplus, relu, erf, erfc, loggamma, digamma": "hand:functions_of_the_field unseen:special_functions",
    "sign, floor, ceiling, round": "hand:rounding_has_slope_0",
    "Min, Max, Piecewise": "hand:a_constant_wins_a_tie hand:a_branch_not_taken refused:E312",
    "stop_gradient": "hand:a_stopped_gradient",
    "KroneckerDelta, Eq, Ne": "hand:a_delta_and_equality program:kron",
    "Sum, Mean, Prod, Amax, Amin, Var, Norm": "hand:each_reduction hand:over_several_indices",
    "LogSumExp, Softmax, LogSoftmax": "hand:softmax_and_its_kin refused:E413",
    "Argmax, Argmin: integers, the first of a tie, an index": "hand:the_first_of_a_tie",
    "inclusive limits in every reduction": "hand:partial_ranges hand:limits_on_softmax_norm_and_var unseen:partial_ranges",
    "an empty range gives the neutral element": "hand:empty_ranges hand:extrema_of_nothing unseen:earlier_than_the_first",
    "a prefix sum costs one pass": "form:a_prefix_sum_costs_one_pass_in_both_directions",
    "a shorthand and its meaning written out are one": "form:a_shorthand_and_what_it_stands_for_are_the_same_statements",
    "a product's gradient is right at zeros": "pit:a_product_with_zeros_has_its_true_gradient",
    "the number of arguments is checked": "refused:E310 refused:E313",
}

WHOLE_TENSORS = {
    "@, .T, sum, mean, max with axis and keepdims": "hand:whole_tensors program:whole_norm refused:E421-axis",
    "shapes broadcast from the right": "hand:broadcasting_from_the_right refused:E422",
    "it is index notation from there on": "form:whole_tensors_and_indices_are_the_same_statements",
}

CALLS = {
    "arguments in declared order or by name": "hand:positions_and_names_of_a_call refused:E505 refused:E505-unknown-name refused:E506",
    "hyperparameters by keyword": "hand:hyperparameters_of_a_call unseen:with_respect_to",
    "several outputs": "program:lstm_user refused:E502 refused:E503",
    "a network is a layer: simplification crosses the call": "emit/test_golden.py::test_the_two_layer_network_comes_out_as_the_field_writes_it",
    "a tensor used twice gets both gradients": "hand:a_tensor_passed_twice unseen:shared_weights pit:a_tensor_passed_twice_to_a_layer_gets_both_gradients",
    "a circle of files is an error": "file:files_that_call_each_other_are_a_circle",
}

RECURRENCES = {
    "a line with a number starts it": "hand:started_at_minus_1 hand:started_at_0 refused:E603 refused:E604",
    "a Piecewise on the step starts it": "hand:started_by_a_case program:cummax2",
    "lags beyond one": "hand:two_lags program:dilated refused:E603-second-lag",
    "several values together": "hand:values_that_recur_together program:rested refused:E423-steps-beyond",
    "a partial sum over earlier steps": "hand:a_sum_over_earlier_steps program:forward_substitution unseen:cholesky",
    "more than one index": "hand:two_indices program:dtw_piecewise program:affine_gap unseen:soft_edit",
    "each index from its own end": "hand:an_index_from_each_end program:spans unseen:inside_scores unseen:matrix_chain unseen:nested_pairs",
    "all at later steps: backward": "hand:run_backward program:backward_scan program:back_substitution",
    "both sides, a circle, or no start: an error": "refused:E601 refused:E602 refused:E603-corner refused:E603-other-axis",
    "work that no step changes leaves the loop": "form:what_no_step_changes_stands_before_the_loop_and_sums_over_steps_behind_it",
    "many steps do not recurse": "pit:a_long_recurrence_does_not_recurse",
    "steps that nothing reads give no gradient": "unseen:steps_that_nothing_reads",
}

POINTS = {
    "relu, Abs, sign, floor are flat where they bend": "hand:flat_at_a_kink pit:the_slope_at_a_kink_is_the_documented_one",
    "ties share": "hand:ties_share pit:ties_share_the_gradient unseen:ties_and_kinks",
    "a constant wins a tie": "hand:a_constant_wins_a_tie",
    "0 times infinity is 0 in the chain rule": "hand:zero_times_infinity",
    "a root alone is infinitely steep at 0": "hand:a_root_alone_is_steep hand:a_half_power_alone_is_steep",
    "atan2 of two zeros has slope 0": "hand:no_angle",
    "a branch that is not taken contributes exactly 0": "hand:a_branch_not_taken unseen:branch_not_taken pit:a_branch_not_taken_contributes_exactly_nothing",
    "rows of minus infinities": "hand:a_row_of_minus_infinities unseen:rows_of_nothing pit:a_row_of_minus_infinity_is_zero_with_gradient_zero",
    "each convention is in the module's docstring": "source:the_conventions_that_a_layer_can_meet_are_stated",
}

MODULE = {
    "standard library and NumPy only": "source:it_imports_the_standard_library_and_numpy_only",
    "header with hash and version": "source:the_header_has_a_hash_and_the_version_but_no_date_or_path",
    "formulas and shapes in the docstrings": "source:the_docstrings_hold_formulas_and_shapes",
    "no dead code, lints clean": "source:every_name_that_is_given_a_value_is_used source:ruff_finds_nothing_to_change",
    "byte-identical when made again": "source:made_again_it_is_the_same source:the_hash_seed_changes_nothing",
    "one output the array, several a NamedTuple in declared order": "call:one_output_is_the_array_itself "
    "call:several_outputs_are_a_named_tuple_in_declared_order",
    "states third, in every mode": "call:states_are_a_named_tuple_and_third call:a_mode_that_updates_nothing_returns_the_states_unchanged",
    "gradients are named as the tensors": "value:gradients_are_a_named_tuple_of_what_is_differentiated",
    "a scalar output's own gradient is 1": "call:a_scalar_output_needs_no_upstream_gradient",
    "outputs may use outputs": "hand:a_definition_further_down program:outputs_use_outputs unseen:outputs_of_outputs",
    "`mode` and `rng` only where there is use for them": "call:mode_is_an_argument_only_of_layers_with_modes "
    "call:random_numbers_come_from_the_callers_generator",
    "nothing passed in is changed": "value:nothing_that_is_passed_in_is_changed",
    "one upstream gradient per output; None is zero": "call:none_means_zero_for_one_of_several_outputs call:gradients_add_over_the_outputs",
    "backward may be called again": "value:backward_twice_with_one_cache_gives_the_same_and_new_arrays",
    "init_params and init_state": "call:init_gives_dictionaries_by_name_in_the_asked_dtype",
    "float16, float32 and float64 stay what they are": "value:each_float_type_stays_what_it_is",
    "mixed ones promote as NumPy's": "value:mixed_float_types_promote_before_any_work",
    "a wrong argument is refused before any work, with where its size came from": "call:a_wrong_argument_is_refused_by_name "
    "call:a_wrong_shape_tells_axis_expectation_and_where_it_comes_from call:nothing_is_computed_before_the_refusal",
    "LATEX": "call:latex_is_a_dictionary_of_outputs_and_gradients",
}

FROM_PYTHON = {
    "load and loads": "api:a_layer_from_a_file_compiles_as_its_text_does",
    "source and write": "api:the_written_file_is_the_source",
    "gradients as SymPy expressions, and latex": "api:the_gradients_are_sympy_expressions_by_tensor_name "
    "api:latex_takes_the_tensor_or_its_gradient_or_a_value",
    "the builder says what YAML says": "builder:a_built_layer_is_the_layer_of_the_file builder:a_built_layer_goes_through_yaml_and_back",
    "a function of the user's own, with fdiff": "builder:a_function_of_the_users_own_is_differentiated_by_its_fdiff",
}

COMMAND_LINE = {
    "compile writes beside the file, or where told": "compile:the_module_is_written_beside_the_layer_file compile:the_module_goes_where_it_is_told",
    "check: a table, status 1 for a wrong gradient": "command:check_prints_a_row_per_tensor_and_says_fine command:a_wrong_gradient_has_status_one",
    "latex and show": "command:latex_prints_the_formulas command:show_prints_the_formulas",
    "list and new": "command:list_names_the_library command:new_writes_a_layer_that_compiles_and_checks",
    "status 2 for a wrong command line": "command:a_wrong_command_line_has_status_two",
    "errors show the place and the mend": "compile:a_wrong_layer_gets_a_caret_under_the_place_and_no_module",
    "nothing is left half-written": "hostile/test_faults.py::test_a_kill_at_any_moment_leaves_the_old_file_or_the_new "
    "compile:a_wrong_layer_leaves_the_old_module",
}

SECTIONS = {
    "layer file": LAYER_FILE,
    "tensor types": TENSOR_TYPES,
    "expressions": EXPRESSIONS,
    "functions": FUNCTIONS,
    "whole tensors": WHOLE_TENSORS,
    "calls": CALLS,
    "recurrences": RECURRENCES,
    "points without a derivative": POINTS,
    "module": MODULE,
    "from Python": FROM_PYTHON,
    "command line": COMMAND_LINE,
}


def named_tests() -> Iterator[tuple[str, str]]:
    """Each statement with the id of each test that holds it, or the beginning of the ids of one that has several cases."""
    for statements in SECTIONS.values():
        for statement, tests in statements.items():
            for test in tests.split():
                word, colon, name = test.partition(":")
                short = not name.startswith(":") and bool(colon)
                yield statement, "tests/" + (SHORT[word].format(name) if short else test)
