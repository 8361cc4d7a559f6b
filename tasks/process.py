"""What the processes of one worker share: the call to stop, and how many of them may send bulk mail.

Made when the module is imported, before the pool forks, so that children inherit the same objects.
"""

import multiprocessing
import os

#: Set when the worker is told to stop; engines finish the mail in flight and hand back the rest.
stopping = multiprocessing.Event()

#: Half of the pool at most: a blast never keeps a confirmation waiting for a free slot.
bulk_slots = multiprocessing.BoundedSemaphore(max(1, int(os.environ.get("WORKER_CONCURRENCY", "4")) // 2))
