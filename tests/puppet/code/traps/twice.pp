class nova::api(
  $enabled = false,
  $workers = undef,
  $enabled = true,
  $workers
) { }
