/**
 * Every bound and default of leat, with the reason for each. docs/limits.md adds them up.
 * Sizes are in bytes, times in milliseconds.
 */

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

// ---- the wire ----

/** A file is cut in blocks of this size: each has its own CRC and can be repaired by itself. */
export const BLOCK_SIZE = MiB;

/** A frame besides one payload: heads, names, failure messages all fit with room to spare. */
const FRAME_ROOM = KiB;

/** The largest frame accepted unless the handshake says otherwise: one whole block and its head. */
export const MAX_FRAME = BLOCK_SIZE + FRAME_ROOM;

/** The largest frame a server takes: one payload of its own size. A frame in an unusual form is
 *  assembled, so this is what a hostile peer can make a server hold, twice. */
export const SERVER_MAX_FRAME = 256 * KiB + FRAME_ROOM;

/** What a peer may name as its largest frame. Below, a list page would not fit; above, one frame
 *  would hold up every other stream for too long. */
export const MAX_FRAME_RANGE = { least: 64 * KiB, most: 16 * MiB } as const;

/** The first frame of a stranger: credentials and features fit, a flood of strangers costs little. */
export const MAX_HELLO = 16 * KiB;

/** The longest frame besides Data that a server takes: two paths at their longest fit into it. */
export const MAX_REQUEST = 16 * KiB;

/** The longest length prefix: five varint bytes reach past every frame limit. */
export const MAX_LENGTH_PREFIX = 5;

/** Payload of a Data frame on a fast link: large enough that the head and the system call cost
 *  nothing beside it, small enough that many connections fit the buffer pool. */
export const DATA_PAYLOAD = 256 * KiB;

/** Payload of a Data frame on a slow link: it holds up other streams no longer than needed. */
export const DATA_PAYLOAD_LEAST = 16 * KiB;

/** How long one Data frame may occupy a slow link before the next ones are made smaller. */
export const DATA_FRAME_TIME = 50;

// ---- names ----

/** A whole path, in UTF-8 bytes: PATH_MAX of Linux. */
export const MAX_PATH = 4096;

/** One segment, in UTF-8 bytes: NAME_MAX of the common file systems. */
export const MAX_SEGMENT = 255;

/** A sentence in a Failure, in UTF-8 bytes: a long path does not blow it up. */
export const MAX_MESSAGE = 1024;

// ---- streams and windows ----

/** The protocol version this code speaks. */
export const PROTOCOL_VERSION = 1;

/** Requests a client may send before it has read Welcome: what one round trip is worth. */
export const EARLY_REQUESTS = 16;

/** Streams open at once on a connection: so many small files are under way on a long link, and so many
 *  uploads share a sync. */
export const MAX_STREAMS = 256;

/** The same where few files may be open at once: other requests need none. */
export const LEAST_STREAMS = 64;

/** Characters in the requests of all open streams of a connection: 1,024 for each, where paths have
 *  some dozens. Who sends long ones has fewer streams. */
export const REQUEST_CHARACTERS = MAX_STREAMS * 1024;

/** Credit of an upload when it opens: a small file goes without a round trip. It is promised to
 *  every stream of every connection; a crowded server offers less, down to nothing. */
export const UPLOAD_WINDOW = 16 * KiB;

/** The share of what is left of a budget for windows that one peer gets: those who came first never
 *  use it up, and those who come last still get a little. */
export const WINDOW_SHARE = 1 / 16;

/** What an upload that needs more gets when it is accepted: a loop turn's worth of bytes. */
export const TRANSFER_WINDOW = MiB;

/** The least that an upload can go on with; without it, it is refused until others are done. */
export const LEAST_WINDOW = 16 * KiB;

/** Credit of a download when it opens: the client's own memory, and few streams. */
export const DOWNLOAD_WINDOW = 4 * MiB;

/** How far a window may grow: 1 Gbit/s at 250 ms. */
export const MAX_WINDOW = 32 * MiB;

/** Credit is granted when so much of a window is free, however large it is: what is free and not yet
 *  granted is missing on the link. */
export const CREDIT_STEP = 2 * MiB;

/** What a server promises all its peers together in windows that open with a stream. */
export const INITIAL_WINDOW_BUDGET = 64 * MiB;

/** What a server promises all its peers together beyond that, to uploads that are under way. While
 *  a disk is slow this much waits for it; the garbage collector needs as much again. */
export const WINDOW_BUDGET = 32 * MiB;

/** What the windows of a server's uploads may grow to beyond that, all together: 16 MiB are 1 Gbit/s
 *  at 100 ms. Only a long link and a disk that is slower than it make memory of it. */
export const GROWTH_BUDGET = 64 * MiB;

/** The share of what is left of it by which one window may grow at once: the first upload gets to
 *  MAX_WINDOW, the fourth to 8 MiB. */
export const GROWTH_SHARE = 1 / 2;

/** List pages that are made or wait to be sent, over all connections of a server. */
export const PAGE_BUDGET = 32 * MiB;

// ---- connections ----

/** Connections at once, unless told otherwise. */
export const MAX_CONNECTIONS = 1024;

/** Clients that wait for their turn where one is served at a time; more are told to come back. Each
 *  keeps a descriptor and what the kernel buffers for it; nobody wants to wait behind more. */
export const MAX_WAITING = 64;

/** Processes or threads at once where each client has its own; more clients are told to come back.
 *  Each takes tens of megabytes, and one part in as many of what a server may promise. */
export const MAX_CHILDREN = 64;

/** Worker processes of an event loop: more than the cores of most machines. */
export const MAX_WORKERS = 64;

/** How long until a worker that died is replaced: at once at first, then twice as long each time
 *  that it dies young, so that one that can't start does not keep a core busy. */
export const RESTART_DELAY = { least: 50, most: 5_000 } as const;

/** A worker that lived as long did start: the next one is started at once again. */
export const WORKER_YOUTH = 10_000;

/** How long a worker may take to be ready, or to end after its clients are gone. */
export const CHILD_DEADLINE = 10_000;

/** Bytes of the path of a Unix socket: the system's `sun_path`, less the NUL behind it. */
export const UNIX_PATH_BYTES = { linux: 107, darwin: 103 } as const;

/** File descriptors kept free for files and the accept loop, below RLIMIT_NOFILE. */
export const RESERVED_DESCRIPTORS = 64;

/** Refused connections that keep a descriptor until their peers have read why, where the descriptors
 *  allow it: a reset may come before the reason otherwise. Half of the reserve is always there for it. */
export const MAX_REFUSALS = 4096;

/** The share of the descriptors of a process that connections may take; the rest is for files. */
export const CONNECTION_SHARE = 0.5;

/** Files open at once for all peers together, where the descriptors allow it. */
export const MAX_OPEN_FILES = 8192;

/** Unsent answers of one connection above which the server stops reading from it. A list page may
 *  come on top: those have a budget of their own. */
export const ANSWER_LIMIT = 64 * KiB;

/** What one loop turn of a process sends, over all connections: a neighbour's round trip stays
 *  near a millisecond (measured with 64 readers). */
export const TURN_BUDGET = MiB;

/** What is read from a socket in one call where the runtime does not read it: twice as much and half as
 *  much were as fast, and it stays in the cache of a core. */
export const DIRECT_READ = 512 * KiB;

/** So long a chunk says that much comes. Of a shorter one a copy is handed on. */
export const LONG_CHUNK = 64 * KiB;

/** So many of them in a row, and the runtime reads the socket no more. */
export const LONG_CHUNKS = 2;

/** Milliseconds that a turn of the event loop may wait for sockets that the runtime does not read: so
 *  late timers may be, in a process in which much comes. */
export const POLL_WAIT = 2;

/** Milliseconds without a byte after which the runtime reads a socket again. */
export const QUIET_SOCKET = 10;

/** Requests of one connection that are begun in one turn of the event loop: each may cost the disk. */
export const TURN_REQUESTS = 16;

/** What reading from one connection may cost in one turn of the event loop. The unit is one small
 *  frame, about a microsecond; frames that are ignored count as well. Large Data frames never get
 *  there: what the system gives at once holds a few of them. */
export const TURN_SHARE = 512;

/** The same for all connections together, but for those that sent a few bytes: some milliseconds. */
export const TURN_WORK = 2048;

/** So few bytes are read at once in any turn: a request does not wait behind floods. */
export const SHORT_CHUNK = 4 * KiB;

/** What is read of them once a turn has taken twice as long as it may: two requests. Else a thousand
 *  peers that send so few bytes each, and no more, would make a turn long. */
export const LEAST_SHARE = 64;

/** So many bytes of a frame that is decoded as a whole count as one small frame more. */
export const WORK_BYTES = 64;

/** Frames that a peer may send and that mean nothing: empty ones, those of a later version, and those
 *  for streams that have ended. An honest peer sends a few when a stream ends. */
export const IGNORED_FRAMES = 16_384;

/** So many of them are forgotten for each frame that means something. */
export const PAID_FRAMES = 16;

/** Data of at least so many bytes for a stream that has ended is not counted as ignored, as far as the
 *  stream had been granted as much: it was on its way. So is Credit, as far as as much had been sent. Of
 *  other ignored frames so many bytes count as one frame more. */
export const LEAST_DATA = 512;

/** Room in a send buffer beside one Data payload: heads and small answers leave in the same write. */
export const SEND_ROOM = 8 * KiB;

/** A send buffer: what one write hands to the socket at most. */
export const SEND_BUFFER = DATA_PAYLOAD + SEND_ROOM;

/** Send buffers of a process. Above, the unsent bytes of stuck peers are dropped and read again. */
export const SEND_BUFFERS = 128;

/** How long a peer may take nothing of a buffer that others wait for before it is cut off. */
export const SILENCE = 3_000;

/** TCP_NOTSENT_LOWAT: how much unsent data the kernel queues for a peer before it says "full".
 *  200 silent readers held 807 MiB of kernel memory without it. */
export const NOT_SENT_LOW_WATER = 128 * KiB;

/** A download that the kernel may copy: what it saves on less is lost on the two more system calls. */
export const KERNEL_COPY_LEAST = 64 * KiB;

/** CRCs of blocks that were sent or came, kept for the next download: 4 bytes for each MiB of a file,
 *  and what it takes to find them. Some 700 GiB of files. */
export const BLOCK_CRC_BYTES = 4 * MiB;

/** A file that was changed more recently may be changed again and keep its version: file systems
 *  tell times apart by 2 s at worst (FAT), by some milliseconds usually. */
export const VERSION_GRAIN = 2_000;

/** How often a file that is touched while it is sent is waited for, or read again to be compared: one
 *  that is touched all the time cannot be told from one that is written to. */
export const COMPARE_TRIES = 8;

/** What `bytes()` of a download reserves before more has arrived: how much will come is what a server
 *  says. What is larger is copied once for each doubling. */
export const BYTES_AT_ONCE = 64 * MiB;

// ---- listings ----

/** A list page, encoded: one answer, not a flood of them. */
export const PAGE_BYTES = 256 * KiB;

/** What a page takes while it is made, of the budget: its entries are objects. So few are made at once. */
export const PAGE_MAKING = MiB + PAGE_BYTES;

/** How long a page may wait to be sent while others wait for the memory it takes: then its connection
 *  is ended. One that takes nothing at all has SILENCE. */
export const PAGE_PATIENCE = 10_000;

/** Entries stat'ed between two looks at the event loop. */
export const PAGE_SLICE = 128;

/** Names of folders kept for the next page, over all folders of a store. */
export const FOLDER_CACHE_BYTES = 16 * MiB;

/** Names of one folder read at once: some 150,000. A larger folder is read once for each window, which
 *  may be three times as large while nobody else reads or keeps as much. */
export const FOLDER_WINDOW_BYTES = 4 * MiB;

/** Folders of one store that are read at once; the others wait. */
export const FOLDER_READS = 4;

/** What an entry of a list page is counted as besides its name: the most that its other fields, at
 *  their largest, take when encoded. */
export const ENTRY_ROOM = 48;

/** How long names of a folder are kept: as long as a person or a loop needs to ask for the next page. */
export const FOLDER_CACHE_TIME = 10_000;

// ---- trees ----

/** What the transfers of a tree may hold in memory together while the disk does not follow. */
export const TREE_BYTES = 64 * MiB;

/** A file up to this size is read or written in one step on the event loop: 7 us of a cached disk. */
export const SMALL_FILE = 64 * KiB;

/** A served file that says it has no bytes, and has some, is read to its end before it is sent, as those of
 *  /proc: so many bytes of it. None there that is of use to others is larger. */
export const UNSIZED_FILE = 4 * MiB;

/** What is kept of such files until it is sent, in each process. */
export const UNSIZED_BUDGET = 16 * MiB;

/** A smaller upload is written to a file without a name: less than a block can't be continued, so that
 *  nobody has to find it again, and nothing is left of it when it is given up. */
export const UNNAMED_BELOW = BLOCK_SIZE;

/** When so many small uploads wait to be put on disk, one sync of the whole file system does it: fewer
 *  are quicker one by one, and leave alone what others have written. */
export const SYNC_TOGETHER = 8;

/** A file that is synced before it is committed is put on disk every so many bytes while it still comes:
 *  8 MiB were as quick, and a disk that turns has fewer to seek for. */
export const WRITE_BEHIND = 32 * MiB;

/** Outcomes of a tree's transfers that may wait to be read. */
export const TREE_OUTCOMES = 1024;

/** Failures of a tree that its error names one by one: more are counted. */
export const TREE_FAILURES = 100;

/** Folders within folders of a tree: each is held open while what is in it is moved. */
export const TREE_DEPTH = 256;

// ---- deadlines ----

/** TCP connect and Hello to Welcome, as seen by the client. */
export const CONNECT_DEADLINE = 10_000;

/** From accept to a complete Hello: a stranger that says nothing does not keep a descriptor. */
export const HELLO_DEADLINE = 10_000;

/** A connection without a stream on which nothing is asked, or half a frame is all that comes. An
 *  interactive shell connects again by itself. */
export const IDLE_DEADLINE = 15 * 60_000;

/** How long a TCP peer may be silent before the kernel asks whether it is still there. */
export const KEEPALIVE = 60_000;

/** A peer that takes no byte of what waits for it. */
export const WRITE_DEADLINE = 60_000;

/** A stream that waits for its client, and neither bytes nor credit move: a person may look at a
 *  page of `get -o - | less` for a while, a file is not kept open for ever. */
export const TRANSFER_DEADLINE = 600_000;

/** A transfer on which nothing moves: after this its progress line and the server's log say why. */
export const STALL_NOTICE = 3_000;

/** An upload of which all came, and which the disk has not confirmed. A sync cannot be called off: the
 *  client is told that the outcome is open, and may ask again. Disks that spin up or rebuild are
 *  slow; one that takes longer has failed. */
export const SYNC_DEADLINE = 300_000;

/** How long a client with open streams hears nothing before it asks whether the server is there. */
export const PING_AFTER = 20_000;

/** How long it hears nothing before it gives the connection up. */
export const SERVER_SILENCE = 60_000;

/** From our FIN to the peer's: it reads what is left. And for a client that leaves, while its server takes
 *  no byte. */
export const CLOSE_DEADLINE = 5_000;

/** The longest time that a flag or an option may set: timers take 31 bits of milliseconds, and fire at once
 *  beyond. */
export const LONGEST_TIMER = 2_000_000_000;

/** How often deadlines are looked at; they are met to within this time. */
export const TICK = 500;

/** How long a server lets open transfers finish when it is asked to stop. */
export const DRAIN_DEADLINE = 10_000;

/** How long a client waits before it tries again: a restart is over in a moment, and who is still
 *  not there after several tries is asked less and less often. Times are drawn from the upper half,
 *  so that many clients do not come back together. */
export const RETRY_DELAY = { least: 100, most: 10_000 } as const;

/** How long a client goes on trying while nothing moves. */
export const RETRY_DEADLINE = 60_000;

/** How often the same block is asked for: damage that comes three times is no accident. */
export const BLOCK_TRIES = 3;

/** How much of a download may be verified and not yet noted beside its partial: what a client that is
 *  killed fetches again. */
export const NOTE_BYTES = 64 * MiB;

/** The same in milliseconds, for slow links. */
export const NOTE_TIME = 1_000;

/** What a peer over a limit is told to wait before it tries again. */
export const RETRY_AFTER = 1_000;

/** An upload of less is begun anew by another process: asking what is there costs a round trip. */
export const RESUME_LEAST = 8 * MiB;

/** How long a receipt is kept for a client that did not hear it, in time that the library is served: a
 *  wall clock that is set cannot age it. */
export const RECEIPT_RETENTION = 24 * 3_600_000;

/** Parts of that time, each a file of the journal: a receipt is kept so much longer at most. */
export const RECEIPT_SPANS = 8;

/** Steps in which it is measured, and of which a server that is killed forgets the last: 10 minutes. */
export const RECEIPT_STEPS = 144;

/** Notes of a file of the journal that are read through for each upload that is asked for; where more are
 *  behind its index, it is extended. */
export const INDEX_TAIL = 256 * KiB;

/** Notes of one upload that are looked at in a file of the journal, the newest first: an honest one has two
 *  for each try. */
export const NOTES_OF_UPLOAD = 256;

/** Looks into the journal that wait or run for one library; a client that asks beyond that comes back later. */
export const JOURNAL_LOOKS = 1024;

/** A file of the list of uploads that are tried again: some 4,000 lines, then the next one is begun. A
 *  process that starts reads two of them. */
export const TRIES_BYTES = 256 * KiB;

/** Uploads that were tried again and that a process remembers: an older try that comes in later than as
 *  many others is not told from a new upload. */
export const TRIES_KEPT = 4096;

/** How often a process that has uploads open looks whether another one has been asked to go on with them. */
export const TRIES_LOOK = 250;

/** How long a try waits for an older one to let go, before its client is told to come back. */
export const HELD_WAIT = 1_000;

/** Partials of the same target that are compared with what a client wants to continue. */
export const PARTIALS_COMPARED = 8;

/** Unfinished uploads that are kept in a library; beyond that the oldest go. Each has a block at least. */
export const KEPT_PARTIALS = 4096;

/** Bytes of them: what the disk may hold that nobody has finished. */
export const KEPT_BYTES = 256 * GiB;

/** Those of one peer, told apart by address. */
export const PEER_KEPT_PARTIALS = 512;

/** Bytes of them. One upload is kept however large it is. */
export const PEER_KEPT_BYTES = 64 * GiB;

/** Names of partials that could not be removed, kept to try again sooner than their age would have it. */
export const PARTIALS_LEFT = 1024;

/** How often a server that is asked for something looks whether its library is still there. */
export const LIBRARY_LOOK = 500;

/** How often a store looks for partials that were abandoned. */
export const SWEEP_EVERY = 3_600_000;

/** A partial that nobody holds and nobody touched for as long is removed, unless told otherwise. */
export const PARTIAL_RETENTION = 24 * 3_600_000;

// ---- the log ----

/** Lines of one kind that are written within LOG_SPAN; more are counted. A thousand a second are more
 *  than a person reads, and less than fills a disk in a day. */
export const LOG_LINES = 10_000;

/** The same of lines that tell of a failure: the first ones say what is wrong, the count how often. */
export const LOG_TROUBLES = 20;

/** Milliseconds after which counts are written, and lines of that kind again. */
export const LOG_SPAN = 10_000;

/** Kinds of lines that are counted apart. */
export const LOG_KINDS = 64;

/** Characters of the log that wait for whoever reads stderr; lines beyond that are lost and counted. */
export const LOG_BUFFER = 256 * KiB;
