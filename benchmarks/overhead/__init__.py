"""What telemetry adds to a model call: the caller's time and the process's CPU time; beside what others add.

Every contender is a process in an environment of its own (`peers`), with the real `openai` client on a transport that
answers from memory, and with its exporters on: what it sends goes to another process, which takes everything at once.
The parent asks them in turn, in an order shuffled each round, for a turn of chat calls or of streamed ones (50 pieces
of text). The first round loads and connects, and is not counted.

**A turn** is a flush, a full garbage collection, and pairs of short batches: one of bare calls, one with the
telemetry, in an order drawn for each pair. For the bare ones everything that an instrumentor replaced in the client's
modules and classes is taken out, and put back afterwards; that they send nothing is checked at the start. Before each
batch the process has come to rest (less than 0.5 ms of CPU in 20 ms), three calls warm up, and the young generations
are collected.

**Wall** is the caller's clock over a batch, by calls; the figure of a turn is the median over its pairs of what the
telemetry's batch took longer than the bare one, and what is reported is the median of the turns and their middle half.
A background thread that works at the same time and holds the interpreter's lock is in it; an exporter that
waits for its interval is not.

**CPU** is what the same pairs differ by in CPU time of the caller's thread (their median), plus everything else: the
CPU time of all other threads of the process in the turn, from the first batch until the last one has been followed by
a flush and by rest, and all that this flush takes on any thread, by the number of calls with telemetry, warming ones
included. Of the flush is taken off what a second one takes that follows at once and has nothing to send: metrics
and connections are paid once an interval, however many the calls.

Both are of the process; what the kernel and the receiving process do for a request is the receiver's.
"""
