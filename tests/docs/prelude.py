# SPDX-License-Identifier: MIT
import concurrent.futures, itertools, os, queue, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
