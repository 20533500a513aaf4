# Nothing but words.

/* class nova($x) { } */
