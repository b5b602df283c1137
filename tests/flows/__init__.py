"""The third ring: the real bot over real HTTP against the fakes, signed requests, real Bolt."""
