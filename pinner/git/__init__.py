"""The only room that talks to git: mirrors, refs, objects, history. Never decides which ref is right."""
