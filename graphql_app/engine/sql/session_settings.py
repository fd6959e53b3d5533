"""Session variables that a server's globals may spoil: what each session sets, and why the others stay. Data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

NO_LIMIT: Final = 2**64 - 1
"""What the servers take for no limit at all; seekdb takes half of it."""

ANSWERS: Final[dict[str, int | str]] = {
    "sql_select_limit": NO_LIMIT,  # cuts every read off, silently
    "max_join_size": NO_LIMIT,  # refuses large reads, and switches sql_big_selects off: so it stands before it
    "sql_big_selects": 1,
    "sql_auto_is_null": 0,  # `id IS NULL` would find the row inserted last
    "div_precision_increment": 4,  # the digits of an average
    "max_sort_length": 1024,  # rows would come in another order than their values, and pages would skip some
    "foreign_key_checks": 1,  # rows that refer to nothing would be let in
    "unique_checks": 1,
    "sql_safe_updates": 0,  # refuses changes without a key in their condition
    "completion_type": 0,  # a COMMIT would begin another transaction, or end the connection
    "lc_messages": "en_US",  # names of columns and constraints are read out of the server's messages
}
"""What every family is told."""
MARIADB: Final[dict[str, int | str]] = {
    "check_constraint_checks": 1,  # rows that a CHECK refuses would be let in
    "default_regex_flags": "",  # other meanings of `_regex`
    "old_mode": "",  # INSERT IGNORE would not say which rows it passed over
}
OCEANBASE: Final[dict[str, int | str]] = {
    "sql_select_limit": 2**63 - 1,
    "ob_read_consistency": "STRONG",
}  # WEAK reads what was


def set_statement(values: dict[str, int | str]) -> bytes:
    """The statement that sets these variables for the session."""
    parts = (f"SESSION {name} = {value if isinstance(value, int) else repr(value)}" for name, value in values.items())
    return f"SET {', '.join(parts)}".encode()


ELSEWHERE: Final = frozenset(
    """
    autocommit character_set_client character_set_connection character_set_results collation_connection
    group_concat_max_len idle_transaction_timeout innodb_lock_wait_timeout lock_wait_timeout max_execution_time
    max_statement_time ob_query_timeout ob_trx_idle_timeout sort_buffer_size sql_mode time_zone transaction_isolation
    transaction_read_only tx_isolation tx_read_only wait_timeout
    """.split()
)
"""Set by `features`, or with each statement."""

_SPEED = """
    analyze_max_length analyze_sample_percentage big_tables bulk_insert_buffer_size connection_memory_chunk_size
    cursor_sharing deadlock_search_depth_long deadlock_search_depth_short deadlock_timeout_long deadlock_timeout_short
    enable_optimizer_rowgoal enable_secondary_engine_statistics eq_range_index_dive_limit expensive_subquery_limit
    global_connection_memory_tracking in_predicate_conversion_threshold information_schema_stats_expiry
    innodb_parallel_read_threads internal_tmp_mem_storage_engine join_buffer_size join_buffer_space_limit
    join_cache_level low_priority_updates max_heap_table_size max_length_for_sort_data max_rowid_filter_size
    max_seeks_for_key mrr_buffer_size optimizer_adjust_secondary_key_costs optimizer_dynamic_sampling
    optimizer_extra_pruning_depth optimizer_join_limit_pref_ratio optimizer_max_sel_arg_weight optimizer_max_sel_args
    optimizer_max_subgraph_pairs optimizer_prune_level optimizer_search_depth optimizer_selectivity_sampling_limit
    optimizer_switch optimizer_use_condition_selectivity parallel_degree_limit parallel_degree_policy
    parallel_min_scan_time_threshold partition_index_dive_limit preload_buffer_size query_alloc_block_size
    query_cache_strip_comments query_cache_type query_cache_wlock_invalidate query_prealloc_size
    range_alloc_block_size range_index_dive_limit range_optimizer_max_mem_size read_buffer_size read_rnd_buffer_size
    rowid_merge_buff_size runtime_bloom_filter_max_size runtime_filter_max_in_num runtime_filter_type
    runtime_filter_wait_time_ms secondary_engine_cost_threshold set_operations_buffer_size sql_buffer_result
    tcp_nodelay thread_pool_priority tmp_disk_table_size tmp_memory_table_size tmp_table_size
    transaction_alloc_block_size transaction_allow_batching transaction_prealloc_size use_secondary_engine
    use_stat_tables cardinality_estimation_model
"""
_LIMITS = """
    connection_memory_limit idle_readonly_transaction_timeout idle_write_transaction_timeout interactive_timeout
    max_delayed_threads max_error_count max_insert_delayed_threads max_points_in_geometry max_session_mem_used
    max_sp_recursion_depth max_tmp_tables net_read_timeout net_retry_count net_write_timeout ob_pl_block_timeout
    ob_trx_lock_timeout ob_trx_timeout ob_max_read_stale_time parser_max_mem_size
"""
_OF_STRUCTURE = """
    alter_algorithm aria_repair_threads aria_sort_buffer_size aria_stats_method character_set_database
    character_set_filesystem character_set_server collation_database collation_server column_compression_threshold
    column_compression_zlib_level column_compression_zlib_strategy column_compression_zlib_wrap default_storage_engine
    default_table_encryption default_tmp_storage_engine disabled_storage_engines enforce_storage_engine
    explicit_defaults_for_timestamp external_table_secondary_storage_engine external_table_storage_engine
    histogram_generation_max_mem_size histogram_size histogram_type innodb_compression_default innodb_ddl_buffer_size
    innodb_ddl_threads innodb_default_encryption_key_id innodb_ft_enable_stopword innodb_ft_user_stopword_table
    innodb_strict_mode innodb_table_locks innodb_tmpdir keep_files_on_create myisam_repair_threads
    myisam_sort_buffer_size myisam_stats_method old_alter_table recyclebin restrict_fk_on_non_standard_key
    show_create_table_skip_secondary_engine show_create_table_verbosity
    show_gipk_in_create_table_and_information_schema show_old_temporals sql_generate_invisible_primary_key
    sql_if_exists sql_quote_show_create sql_require_primary_key storage_engine system_versioning_alter_history
    updatable_views_with_limit default_collation_for_utf8mb4 ob_default_lob_inrow_threshold
"""
_REPLICATION = """
    binlog_alter_two_phase binlog_annotate_row_events binlog_direct_non_transactional_updates binlog_format
    binlog_row_image binlog_row_value_options binlog_rows_query_log_events binlog_transaction_compression
    binlog_transaction_compression_level_zstd default_master_connection group_replication_consistency gtid_domain_id
    gtid_next gtid_seq_no max_relay_log_size original_commit_timestamp original_server_version immediate_server_version
    pseudo_replica_mode pseudo_slave_mode pseudo_thread_id rbr_exec_mode require_row_format server_id
    skip_parallel_replication skip_replication sql_log_bin sql_slave_skip_counter wsrep_causal_reads wsrep_dirty_reads
    wsrep_gtid_seq_no wsrep_on wsrep_osu_method wsrep_retry_autocommit wsrep_sync_wait wsrep_trx_fragment_size
    wsrep_trx_fragment_unit xa_detach_on_prepare
"""
_LOGS = """
    general_log log_disabled_statements log_queries_not_using_indexes log_slow_admin_statements
    log_slow_disabled_statements log_slow_filter log_slow_max_warnings log_slow_min_examined_row_limit log_slow_query
    log_slow_query_time log_slow_rate_limit log_slow_slave_statements log_slow_verbosity log_warnings long_query_time
    min_examined_row_limit note_verbosity ob_enable_show_trace ob_log_level optimizer_trace optimizer_trace_features
    optimizer_trace_limit optimizer_trace_max_mem_size optimizer_trace_offset profiling profiling_history_size
    progress_report_time slow_query_log sql_log_off sql_notes sql_warnings terminology_use_previous debug
"""
_UNUSED = """
    auto_increment_increment auto_increment_offset block_encryption_mode cte_max_recursion_depth default_week_format
    enable_cascade_triggers end_markers_in_json error_count error_on_overlap_time explain_format
    explain_json_format_version generated_random_password_length identity innodb_snapshot_isolation insert_id
    is_result_accurate last_insert_id lc_time_names local_infile max_recursive_iterations old old_passwords
    print_identified_with_as_hex rand_seed1 rand_seed2 resultset_metadata select_into_buffer_size
    select_into_disk_sync select_into_disk_sync_delay session_track_gtids session_track_schema
    session_track_state_change session_track_system_variables session_track_transaction_info standard_compliant_cte
    system_versioning_asof system_versioning_insert_history timestamp windowing_use_high_precision warning_count
    ob_enable_aggregation_pushdown ob_enable_index_direct_select ob_enable_plan_cache ob_enable_pl_cache
    ob_enable_transformation ob_hnsw_ef_search ob_hnsw_extra_info_max_size ob_ivf_nprobes ob_sparse_drop_ratio_search
"""

LEFT: Final = {
    "decides how fast, not what": frozenset(_SPEED.split()),
    "a limit that whoever runs the server sets on purpose: what meets it is refused, never cut": frozenset(
        _LIMITS.split()
    ),
    "of tables that are made or changed; the ledger's names what it needs": frozenset(_OF_STRUCTURE.split()),
    "of replication, and who runs the cluster decides it": frozenset(_REPLICATION.split()),
    "of logs, traces and notes": frozenset(_LOGS.split()),
    "asked for where it counts, or of something that the program does not use": frozenset(_UNUSED.split()),
}
"""Why a variable is left as it is. (`auto_increment_increment` is asked for with each insert of several rows.)"""


def known() -> frozenset[str]:
    """Every variable that was thought of."""
    told: Iterable[str] = (*ANSWERS, *MARIADB, *OCEANBASE)
    return ELSEWHERE.union(told, *LEFT.values())
