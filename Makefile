# Each target is an alias of scripts/bootstrap.py, which needs nothing but Python 3.11 or newer.
# Arguments are handed on: make test ARGS="tests/repository/test_layers.py -x"

COMMANDS := run test setup lint types storm bench steady screenshot check

.PHONY: help $(COMMANDS)

help:
	@python3 scripts/bootstrap.py --help

$(COMMANDS):
	@python3 scripts/bootstrap.py $@ $(ARGS)
