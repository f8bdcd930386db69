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

/** The largest frame a server takes: one payload of DATA_PAYLOAD. A frame in an unusual form is assembled, so a
 *  hostile peer can make a server hold this much twice. */
export const SERVER_MAX_FRAME = 256 * KiB + FRAME_ROOM;

/** The user name of a client's certificate, in UTF-8 bytes: an e-mail address at its longest fits. */
export const MAX_IDENTITY = 255;

/** A file with certificates: all authorities of a system fit. */
export const PEM_FILE = MiB;

/** The range of the largest frame of a peer. Below, a list page would not fit; above, one frame would hold up all
 *  other streams for too long. */
export const MAX_FRAME_RANGE = { least: 64 * KiB, most: 16 * MiB } as const;

/** The first frame of an unknown client: credentials and features fit, a flood of such clients costs little. */
export const MAX_HELLO = 16 * KiB;

/** The longest frame besides Data that a server takes: two paths at their longest fit into it. */
export const MAX_REQUEST = 16 * KiB;

/** The longest length prefix: five varint bytes reach past every frame limit. */
export const MAX_LENGTH_PREFIX = 5;

/** Payload of a Data frame on a fast link: head and system call cost little beside it, and many connections fit the
 *  buffer pool. */
export const DATA_PAYLOAD = 256 * KiB;

/** The same from a large send buffer, to a peer that takes such frames: a whole block. A client that runs for less
 *  than a second needs a tenth to a quarter less CPU time (measured). */
export const LARGE_PAYLOAD = BLOCK_SIZE;

/** A payload for which there is too little room is cut at a multiple of this: a block is cut at few places. */
export const PAYLOAD_GRAIN = 64 * KiB;

/** The same on a slow link: other streams do not wait long behind it. */
export const DATA_PAYLOAD_LEAST = 16 * KiB;

/** How long one Data frame may occupy a slow link before the next ones are made smaller. */
export const DATA_FRAME_TIME = 50;

// ---- names ----

/** A whole path, in UTF-8 bytes: PATH_MAX of Linux. */
export const MAX_PATH = 4096;

/** The text of a symbolic link, in UTF-8 bytes: that of Linux. */
export const MAX_LINK = 4095;

/** One segment, in UTF-8 bytes: NAME_MAX of the common file systems. */
export const MAX_SEGMENT = 255;

/** The message of a Failure, in UTF-8 bytes, however long the path in it. */
export const MAX_MESSAGE = 1024;

// ---- streams and windows ----

/** The protocol version this code speaks. */
export const PROTOCOL_VERSION = 1;

/** Requests that a client may send before it has read Welcome: enough for one round trip. */
export const EARLY_REQUESTS = 16;

/** Streams open at once on a connection: this many small files are under way on a long link, and share syncs. */
export const MAX_STREAMS = 256;

/** The same on a server that may open few files at once: requests without a file need none. */
export const LEAST_STREAMS = 64;

/** Characters in the requests of all open streams of a connection: 1,024 for each. Paths have some dozens; a client
 *  that sends long ones has fewer streams. */
export const REQUEST_CHARACTERS = MAX_STREAMS * 1024;

/** Credit of an upload when it opens: a small file needs no round trip. Granted to every stream of every
 *  connection; a crowded server offers less, down to nothing. */
export const UPLOAD_WINDOW = 16 * KiB;

/** The share of what is left of a budget for windows that one peer gets: there is always a little left for the next. */
export const WINDOW_SHARE = 1 / 16;

/** The share that one upload gets where a process or thread serves one client alone: the rest is for the other files
 *  of its tree. */
export const OWN_WINDOW_SHARE = 1 / 2;

/** The window of an upload that needs more, once it is accepted: a loop turn's worth of bytes. */
export const TRANSFER_WINDOW = MiB;

/** The least window that an upload can go on with; without it, it is refused until others are done. */
export const LEAST_WINDOW = 16 * KiB;

/** Credit of a download when it opens: the client's own memory, for few streams. */
export const DOWNLOAD_WINDOW = 4 * MiB;

/** How far a window may grow: 1 Gbit/s at 250 ms. */
export const MAX_WINDOW = 32 * MiB;

/** Credit is granted when this much of a window is free, or a quarter of it: free bytes that are not granted idle the
 *  link. */
export const CREDIT_STEP = 2 * MiB;

/** Windows that open with a stream, of all peers of a server together. */
export const INITIAL_WINDOW_BUDGET = 64 * MiB;

/** Windows of accepted uploads beyond that, of all peers together. While a disk is slow this much waits for it; the
 *  garbage collector needs as much again. */
export const WINDOW_BUDGET = 32 * MiB;

/** Growth of upload windows beyond that, of all peers together: 16 MiB are 1 Gbit/s at 100 ms. It becomes memory
 *  only where a disk is slower than a long link. */
export const GROWTH_BUDGET = 64 * MiB;

/** The share of what is left of it by which one window may grow: the first upload gets to MAX_WINDOW, the fourth to
 *  8 MiB. */
export const GROWTH_SHARE = 1 / 2;

/** List pages that are made or wait to be sent, over all connections of a server. */
export const PAGE_BUDGET = 32 * MiB;

// ---- connections ----

/** Connections at once, by default. */
export const MAX_CONNECTIONS = 1024;

/** Clients that wait where one is served at a time; more are refused for now. Each keeps a descriptor and kernel
 *  buffers. */
export const MAX_WAITING = 64;

/** The share of the connections of a server, and of its open files, that one address or one user may have unless
 *  its options say otherwise: others still come in, and one machine can test a server, or be its proxy. */
export const ADDRESS_SHARE = 3 / 4;

/** The least number of connections that share is, unless each takes a process: a server of few is for few. */
export const ADDRESS_CONNECTIONS = 1 + MAX_WAITING;

/** Processes or threads at once where each client has its own; more clients are refused for now. Each takes tens of
 *  megabytes, and its part of all budgets. */
export const MAX_CHILDREN = 64;

/** Worker processes of an event loop: more than the cores of most machines. */
export const MAX_WORKERS = 64;

/** Until a worker that died is replaced: twice as long each time that it dies young, so that one that cannot start
 *  does not keep a core busy. */
export const RESTART_DELAY = { least: 50, most: 5_000 } as const;

/** A worker that lived this long has started well: the next one starts at once. */
export const WORKER_YOUTH = 10_000;

/** How long a worker may take to be ready, or to end after its clients are gone. */
export const CHILD_DEADLINE = 10_000;

/** Bytes of the path of a Unix socket: the system's `sun_path`, less the NUL behind it. */
export const UNIX_PATH_BYTES = { linux: 107, darwin: 103 } as const;

/** File descriptors kept free for files and the accept loop, below RLIMIT_NOFILE. */
export const RESERVED_DESCRIPTORS = 64;

/** Refused connections that keep a descriptor until their peers have read the reason, which a reset might overtake.
 *  Half of RESERVED_DESCRIPTORS is always there for it. */
export const MAX_REFUSALS = 4096;

/** The share of the descriptors of a process that connections may take; the rest is for files. */
export const CONNECTION_SHARE = 0.5;

/** Files open at once for all peers together, where the descriptors allow it. */
export const MAX_OPEN_FILES = 8192;

/** Unsent answers of one connection above which the server stops reading from it. List pages come on top: they have
 *  their own budget. */
export const ANSWER_LIMIT = 64 * KiB;

/** Bytes that a process sends, or reads by calls of its own, in one loop turn: the round trip of a neighbour stays
 *  near a millisecond (measured with 64 readers). */
export const TURN_BUDGET = MiB;

/** Bytes that one call reads from a socket which the runtime does not read: a Data frame of the usual length and a
 *  bit. They stay in the cache of a core. */
export const DIRECT_READ = DATA_PAYLOAD + KiB;

/** The same in the middle of a longer frame. */
export const LARGE_READ = LARGE_PAYLOAD + KiB;

/** So long a chunk says that much comes. Of a shorter one a copy is handed on. */
export const LONG_CHUNK = 64 * KiB;

/** So many of them in a row, and the runtime reads the socket no more. */
export const LONG_CHUNKS = 2;

/** Milliseconds that a turn of the event loop may wait for sockets that the runtime does not read: so
 *  late timers may be, in a process in which much comes. */
export const POLL_WAIT = 2;

/** Milliseconds without a byte after which the runtime reads a socket again. */
export const QUIET_SOCKET = 10;

/** Bytes that the runtime is given at a time for standard output. It copies them, and keeps them until they
 *  are read: a peer behind ssh that reads nothing costs no more. */
export const STDIO_WRITE = 256 * KiB;

/** Bytes that a pipe of ssh holds, the most that Linux lets everybody have: with 64 KiB, ssh and the server wait for
 *  each other. */
export const STDIO_PIPE = MiB;

/** Bytes that ssh can write to a client before the client has read them. Linux gives a user a part of it, 416 KiB unless
 *  it is told otherwise. What does not fit, ssh keeps in memory that it copies each time that it grows. */
export const PROGRAM_SOCKET = MiB;

/** Requests of one connection that begin in one turn of the event loop: each may cost the disk. */
export const TURN_REQUESTS = 16;

/** The work of reading from one connection in one turn of the event loop. The unit is one small frame, about a
 *  microsecond; ignored frames count. Large Data frames never reach it. */
export const TURN_SHARE = 512;

/** The same for all connections together, besides those that sent a few bytes: some milliseconds. */
export const TURN_WORK = 2048;

/** A chunk no longer than this is read at once, however busy the turn: a request does not wait behind floods. */
export const SHORT_CHUNK = 4 * KiB;

/** The share for such a few bytes once a turn has taken twice as long as it may: two requests. A thousand peers
 *  that send them do not make a turn long. */
export const LEAST_SHARE = 64;

/** This many bytes of a frame that is decoded as a whole count as one more small frame. */
export const WORK_BYTES = 64;

/** Frames of a peer that may be ignored: empty ones, those of a later version, those of streams that have ended. An
 *  honest peer sends a few when a stream ends. */
export const IGNORED_FRAMES = 16_384;

/** Ignored frames that each meaningful frame makes up for. */
export const PAID_FRAMES = 16;

/** Data of at least this many bytes for a stream that has ended does not count as ignored while the stream had
 *  credit for it; nor does Credit for bytes that were sent. Other ignored frames count once more for each so many
 *  bytes. */
export const LEAST_DATA = 512;

/** Room in a send buffer besides one payload: heads and small answers leave in the same write. */
export const SEND_ROOM = 8 * KiB;

/** A send buffer: what one write hands to the socket at most. */
export const SEND_BUFFER = DATA_PAYLOAD + SEND_ROOM;

/** Send buffers of a process. When all are in use, the unsent bytes of stuck peers are dropped and read once more
 *  later. */
export const SEND_BUFFERS = 128;

/** A send buffer for a whole block. */
export const LARGE_BUFFER = LARGE_PAYLOAD + SEND_ROOM;

/** One of so many send buffers is a large one: memory grows by a fifth. While more peers than that are sent to, none
 *  is filled further than a usual one, because all would wait for it (measured: 1.5 times as long). */
export const LARGE_SHARE = 16;

/** How long a peer may take nothing of a buffer that others wait for before it is cut off. */
export const SILENCE = 3_000;

/** TCP_NOTSENT_LOWAT: unsent bytes that the kernel queues for a peer. 200 silent readers held 807 MiB of kernel
 *  memory without it. */
export const NOT_SENT_LOW_WATER = 128 * KiB;

/** The same for a few peers that take bytes fast: a whole block, which else takes four writes, each after a wait. */
export const FAST_LOW_WATER = BLOCK_SIZE;

/** So many peers of a process have it, as many as there are large send buffers. */
export const FAST_PEERS = SEND_BUFFERS / LARGE_SHARE;

/** The smallest download that the kernel copies: with less, two more system calls cost what it saves. */
export const KERNEL_COPY_LEAST = 64 * KiB;

/** CRCs of blocks that were sent or came, kept for later downloads: 4 bytes for each MiB of a file, and their
 *  index. Some 700 GiB of files. */
export const BLOCK_CRC_BYTES = 4 * MiB;

/** A file changed more recently may change again and keep its version: file systems tell times apart by some
 *  milliseconds, by 2 s at worst (FAT). */
export const VERSION_GRAIN = 2_000;

/** How often a file that is touched while it is sent is waited for, or compared: one that is touched all the time
 *  cannot be told from one that is written to. */
export const COMPARE_TRIES = 8;

/** Reserved by `bytes()` of a download before more has arrived: a server may claim any size. A larger download is
 *  copied at each doubling. */
export const BYTES_AT_ONCE = 64 * MiB;

// ---- listings ----

/** A list page, encoded: one answer, not a flood of them. */
export const PAGE_BYTES = 256 * KiB;

/** Taken of the budget by a page while it is made: the buffer that grows with it, and copies. So few are made at once. */
export const PAGE_MAKING = MiB + PAGE_BYTES;

/** A page that comes with others on one stream: its receiver works on it while the next one is made. */
export const LIST_PAGE_BYTES = 64 * KiB;

/** Such pages that a client asks for at once, and may have to hold. */
export const LIST_PAGES = 32;

/** How long a page may wait to be sent while others wait for its memory: then its connection ends. A peer that
 *  takes nothing has SILENCE. */
export const PAGE_PATIENCE = 10_000;

/** The same of a walk, which keeps one for each folder that is open: the deeper the folder, the smaller. */
export const WALK_PAGE_BYTES = 16 * KiB;

/** The same where many folders are open: some entries at a time. */
export const WALK_PAGE_LEAST = 512;

/** All pages of a walk together, but for the smallest ones. */
export const WALK_BYTES = 128 * KiB;

/** Taken of a server's budget by a tree on one stream: by a walk for its pages, whose entries are objects, and by an
 *  upload for files that are being stored. */
export const WALK_MAKING = MiB;

/** Memory of all such trees together. */
export const WALK_BUDGET = 64 * MiB;

/** Such trees of one connection at once. */
export const MAX_WALKS = 4;

/** Paths of a walk that is about some files only. Each of their folders is open on the client meanwhile. */
export const WALK_PATHS_MOST = 128;

/** Bytes of these paths together: with what else is in it, the request is no larger than a request may be. */
export const WALK_PATHS_BYTES = 15 * KiB;

/** Patterns of names that a walk leaves out. */
export const LEAVE_OUT_MOST = 64;

/** Bytes of these patterns together. */
export const LEAVE_OUT_BYTES = 4 * KiB;

/** Files of such a walk whose facts are asked for before they are sent. */
export const WALK_PATHS_AHEAD = 32;

/** The window of a tree that comes on one stream. It stays open for long, and is to leave memory to the larger files
 *  that come beside it. */
export const TREE_WINDOW = 2 * MiB;

/** Bytes of one frame of items or outcomes: the receiver works on one while the next one comes. */
export const TREE_FRAME = 64 * KiB;

/** A file up to this size comes with the items of a tree, where the window has room for two of them. A larger one has a
 *  stream of its own, and can be continued there. */
export const TREE_FILE = BLOCK_SIZE - 1;

/** The least window: half of it has room for the largest item. */
export const LEAST_TREE_WINDOW = 192 * KiB;

/** Outcomes of such a tree that wait to be sent; then no further item is stored. */
export const OUTCOME_BYTES = 64 * KiB;

/** Its files that are put on disk at once, and share syncs. Each is open meanwhile. */
export const TREE_COMMITS = 255;

/** Their contents: half of what a tree takes of WALK_BUDGET. The other half is the buffer for items that come. */
export const TREE_HELD_BYTES = 512 * KiB;

/** Items of all such trees of a process that are stored in one turn of the event loop: a millisecond of a disk that is
 *  quick. */
export const TURN_ITEMS = 64;

/** Entries that are stat'ed before the event loop runs once. */
export const PAGE_SLICE = 128;

/** Names of folders kept for the next page, over all folders of a store. */
export const FOLDER_CACHE_BYTES = 16 * MiB;

/** Names of one folder read at once: some 150,000. A larger folder is read once for each window, which may be three
 *  times as large while the memory is free. */
export const FOLDER_WINDOW_BYTES = 4 * MiB;

/** Folders of one store that are read at once; the others wait. */
export const FOLDER_READS = 4;

/** An entry of a list page besides its name: the most that its other fields take when encoded. */
export const ENTRY_ROOM = 48;

/** How long names of a folder are kept: as long as a person or a loop needs to ask for the next page. */
export const FOLDER_CACHE_TIME = 10_000;

// ---- trees ----

/** Memory of the transfers of a tree together, while the disk does not follow. */
export const TREE_BYTES = 64 * MiB;

/** A file up to this size is read or written in one step on the event loop: 7 us of a cached disk. */
export const SMALL_FILE = 64 * KiB;

/** A served file that says it is empty, and is not, as those of /proc, is read to its end before it is sent, up to
 *  this size. None of use there is larger. */
export const UNSIZED_FILE = 4 * MiB;

/** Memory of such files until they are sent, in each process. */
export const UNSIZED_BUDGET = 16 * MiB;

/** A smaller upload is written to a file without a name: less than a block cannot be continued, and nothing is left
 *  of it when it is given up. */
export const UNNAMED_BELOW = BLOCK_SIZE;

/** This many small uploads that wait to be put on disk share one sync of the file system: fewer are quicker one by
 *  one, and other files are left alone. */
export const SYNC_TOGETHER = 8;

/** A file is put on disk every so many bytes while it still comes: 8 MiB were as quick, and a disk that turns seeks
 *  less. */
export const WRITE_BEHIND = 32 * MiB;

/** Outcomes of a tree's transfers that may wait to be read. */
export const TREE_OUTCOMES = 1024;

/** Failures of a tree that its error lists; more are counted. */
export const TREE_FAILURES = 100;

/** Items of a tree that a client has sent on one stream, and whose outcomes it does not know: it may have to send
 *  them again. */
export const TREE_ITEMS = 1024;

/** Their contents. */
export const TREE_ITEM_BYTES = 8 * MiB;

/** The folders that they are in: each is open meanwhile. */
export const TREE_FOLDERS = 128;

/** Folders within folders of a tree: each stays open while its content is moved. */
export const TREE_DEPTH = 256;

/** Files and folders of a tree that are removed at once: more of them do not make a server faster. */
export const REMOVES_AT_ONCE = 32;

/** Patterns that one with braces stands for: each is looked for by itself. */
export const GLOB_ALTERNATIVES = 1000;

/** Names that a pattern of the command line may match: all are held in memory. A tree is better moved with -r. */
export const GLOB_MATCHES = 100_000;

/** Files and folders of a list that a download asks about before their turn comes. */
export const ROOTS_AHEAD = 64;

/** Bytes of a list of names for --files-from, which is held in memory: a million names of usual length. */
export const FILES_FROM_BYTES = 64 * MiB;

/** Files and folders that a sync found to be copied, and that wait for a transfer. */
export const SYNC_QUEUE = 256;

/** Removals, or comparisons of contents, of a sync at once: a comparison keeps a file open. */
export const SYNC_AT_ONCE = 32;

/** Bytes of a .leatignore. */
export const SYNC_PATTERNS = 256 * KiB;

/** Names after which the patterns of a sync forget what they found out about names: they remember every one. */
export const SYNC_PLACES = 10_000;

/** Failures that a sync remembers, so that it names none twice; with more of them it tries nothing once more. */
export const SYNC_FAILURES = 1000;

// ---- deadlines ----

/** TCP connect and Hello to Welcome, as seen by the client. */
export const CONNECT_DEADLINE = 10_000;

/** From accept to a complete Hello, the handshake of TLS included: a silent client does not keep a descriptor. */
export const HELLO_DEADLINE = 10_000;

/** Bytes of a users file. */
export const USERS_FILE_BYTES = 4 * MiB;

/** Users of a users file: each reload reads and checks all of them. */
export const MAX_USERS = 4096;

/** Tokens of a user: one for each of their machines, and one more while another replaces it. */
export const USER_TOKENS = 16;

/** Folders for which a user has permissions of their own. */
export const USER_FOLDERS = 64;

/** Descriptors that the store of a user takes of those for files, while the user is connected. */
export const STORE_DESCRIPTORS = 13;

/** Wrong passwords from an address before it has to wait: people mistype. */
export const FREE_FAILURES = 5;

/** How long it waits then, twice as long with each further one; after the longest time all is forgotten. */
export const PENALTY = { least: 1000, most: 15 * 60_000 } as const;

/** Addresses whose wrong passwords are remembered, by each process. */
export const PENALIZED = 10_000;

/** Connections of an address that broke the protocol, or said no Hello in time, before it has to wait: a scanner or a
 *  broken client makes some. */
export const FREE_FAULTS = 20;

/** How long no connection is taken from it then: not so long, for others may share the address. */
export const FAULT_PENALTY = { least: 1000, most: 60_000 } as const;

/** Passwords that are checked at once, in a process: each takes 19 MiB and a core for some 30 ms. */
export const PASSWORD_CHECKS = 2;

/** Passwords that wait for that; more are told to come back. */
export const PASSWORDS_WAITING = 32;

/** A connection without a stream on which no frame comes. An interactive shell connects anew by itself. */
export const IDLE_DEADLINE = 15 * 60_000;

/** How long a TCP peer may be silent before the kernel asks whether it is still there. */
export const KEEPALIVE = 60_000;

/** How long a client waits for a connection by ssh: a person may have to type a password. */
export const SSH_DEADLINE = 60_000;

/** Characters of a line that ssh, or the other machine, writes to stderr. */
export const PROGRAM_LINE = 1_000;

/** Lines of it that are kept until the connection is there: one of them may say why it never is. */
export const PROGRAM_LINES = 100;

/** How long they are kept: one of them may ask for something. So long is waited, too, for the exit code of an
 *  ssh that has closed its connection. */
export const PROGRAM_NOTICE = 1_000;

/** How long stderr of an ssh that has ended is read, where another process still holds it. */
export const PROGRAM_END = 200;

/** How long a server that ssh has started waits, after its connection has ended, until the last bytes are read. */
export const STDIO_DRAIN = 1_000;

/** A peer that takes no byte of what waits for it. */
export const WRITE_DEADLINE = 60_000;

/** A stream that waits for its client, and neither bytes nor credit move: a person may read a page of `get -o - |
 *  less` for a while, a file does not stay open for ever. */
export const TRANSFER_DEADLINE = 600_000;

/** A transfer on which nothing moves: after this the progress line and the server's log give the reason. */
export const STALL_NOTICE = 3_000;

/** An upload of which all came, and which the disk has not confirmed. A sync cannot be called off: the client gets
 *  the error that the outcome is open, and may try once more. Disks that spin up or rebuild are slow; one that
 *  takes longer has failed. */
export const SYNC_DEADLINE = 300_000;

/** How long a client with open streams hears nothing before it sends a Ping. */
export const PING_AFTER = 20_000;

/** How long it hears nothing before it gives the connection up. */
export const SERVER_SILENCE = 60_000;

/** From our FIN to the peer's, which reads what is left; for a client that leaves while its server takes no byte; and
 *  for a server that ends a connection in its TLS handshake. */
export const CLOSE_DEADLINE = 5_000;

/** The longest time that a flag or an option may set: timers take 31 bits of milliseconds, and fire at once
 *  beyond. */
export const LONGEST_TIMER = 2_000_000_000;

/** How often deadlines are checked: the precision of all of them. */
export const TICK = 500;

/** How long a server lets open transfers finish when it is asked to stop. */
export const DRAIN_DEADLINE = 10_000;

/** How long a client waits before it tries again: a restart takes a moment, and a server that stays away is tried
 *  less and less often. Times are drawn from the upper half, so that clients do not come back together. */
export const RETRY_DELAY = { least: 100, most: 10_000 } as const;

/** How long a client goes on trying while nothing moves. */
export const RETRY_DEADLINE = 60_000;

/** How often the same block is requested: damage that comes three times is no accident. */
export const BLOCK_TRIES = 3;

/** How often a client connects where each connection is lost before the server has accepted it: the processes of a
 *  server are replaced one after another. A program that closes every connection is no leat server. */
export const ARRIVAL_TRIES = 4;

/** Blocks of a partial download that a later try can continue from, at most: 4 TiB, and a note of 16 MiB. Of a hole the
 *  server sends only the length. */
export const KEPT_SUMS = 4 * MiB;

/** Verified bytes of a download that are not noted beside its partial yet: a client that is killed fetches them
 *  once more. */
export const NOTE_BYTES = 64 * MiB;

/** The same in milliseconds, for slow links. */
export const NOTE_TIME = 1_000;

/** The wait that a peer over a limit is given before it tries again. */
export const RETRY_AFTER = 1_000;

/** A smaller upload is begun anew by another process: to ask for its partial costs a round trip. */
export const RESUME_LEAST = 8 * MiB;

/** How long a receipt is kept for a client that did not get it, in time that the library is served: setting the
 *  clock cannot age it. */
export const RECEIPT_RETENTION = 24 * 3_600_000;

/** Parts of that time, each a file of the journal: a receipt is kept one part longer at most. */
export const RECEIPT_SPANS = 8;

/** Steps in which it is measured, 10 minutes each; a server that is killed forgets the last. */
export const RECEIPT_STEPS = 144;

/** Bytes of a journal file that are read through for each upload; where more are behind its index, that is extended. */
export const INDEX_TAIL = 256 * KiB;

/** Notes of one upload that are read in a file of the journal, the newest first: an honest one has two for each try. */
export const NOTES_OF_UPLOAD = 256;

/** Reads of the journal that wait or run for one library; further clients come back later. */
export const JOURNAL_READS = 1024;

/** A file of the list of repeated uploads: some 4,000 lines, then the next one begins. A process that starts reads
 *  two. */
export const TRIES_BYTES = 256 * KiB;

/** Repeated uploads that a process remembers: an older try that comes in after as many others counts as a new
 *  upload. */
export const TRIES_KEPT = 4096;

/** How often a process with open uploads checks whether another process continues one of them. */
export const TRIES_CHECK = 250;

/** How long a try waits for an older try, or another upload of the same file, to be let go of; then its client is
 *  refused for now. */
export const HELD_WAIT = 1_000;

/** Partials of the same target that are compared with the upload that a client wants to continue. */
export const PARTIALS_COMPARED = 8;

/** Unfinished uploads kept in a library; beyond that the oldest go. Each has a block at least. */
export const KEPT_PARTIALS = 4096;

/** Their bytes: disk space for uploads that may never finish. */
export const KEPT_BYTES = 256 * GiB;

/** The same for one peer, by its address. */
export const PEER_KEPT_PARTIALS = 512;

/** Their bytes. One upload is kept however large it is. */
export const PEER_KEPT_BYTES = 64 * GiB;

/** Names of partials that could not be removed, kept to try sooner than their age would have it. */
export const PARTIALS_LEFT = 1024;

/** How often a server that is in use checks whether its library is still there. */
export const LIBRARY_CHECK = 500;

/** How often a store looks for abandoned partials. */
export const SWEEP_EVERY = 3_600_000;

/** A partial that is not open and was not touched for this long is removed, by default. */
export const PARTIAL_RETENTION = 24 * 3_600_000;

/** Bytes of the configuration file of a server at most: a hundred times what its keys need. */
export const CONFIG_FILE = MiB;

/** Milliseconds in which each process that serves tells its counts; one that does not counts as it last did. */
export const COUNTS_DEADLINE = 1_000;

/** Seconds after which a connection for metrics on which nothing moves is closed. */
export const MONITOR_IDLE = 10;

/** Milliseconds of a limited rate that may move at once, after nothing has moved for as long. */
export const RATE_BURST = 100;

/** Milliseconds between two looks at a limited rate: short enough that a neighbour's answer is not held up. */
export const RATE_PAUSE = 20;

/** Bytes a second: the least rate that may be set. With less, no answer would come before its deadline. */
export const LEAST_RATE = KiB;

// ---- the log ----

/** Lines of one kind that are written within LOG_SPAN; more are counted. More than a person reads, and less than
 *  fills a disk in a day. */
export const LOG_LINES = 10_000;

/** The same for lines about a failure: the first ones name it, the count says how often. */
export const LOG_TROUBLES = 20;

/** Milliseconds after which counts are written, and lines of that kind once more. */
export const LOG_SPAN = 10_000;

/** Kinds of lines that are counted apart. */
export const LOG_KINDS = 64;

/** Characters of the log that wait for the reader of stderr; further lines are lost and counted. */
export const LOG_BUFFER = 256 * KiB;
