"""What a training costs."""

import os
import time


def cpu_seconds() -> float:
    """CPU seconds of this process and of those it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
