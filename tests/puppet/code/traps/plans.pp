plan nova::upgrade(TargetSpec $nodes, Boolean $noop = false) {
  run_task('nova::restart', $nodes)
  apply($nodes) { include nova }
}
