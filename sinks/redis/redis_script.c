#include "sinks/redis/redis_script.h"

const char redis_script_claim[] =
    "local before = redis.call('HGET', KEYS[1], '/owner') or ''\n"
    "local now = before\n"
    "if not string.find(now, ARGV[1], 1, true) then\n"
    "  if ARGV[3] and now ~= '' and now ~= ARGV[3] then\n"
    "    return {now, before}\n"
    "  end\n"
    "  local n = string.match(now, '\"generation\":(%d+)') or 0\n"
    "  now = string.gsub(ARGV[2], '\"generation\":%d+',\n"
    "    string.format('\"generation\":%.0f', n + 1))\n"
    "end\n"
    "redis.call('HSET', KEYS[1], '/owner', now)\n"
    "return {now, before}\n";

/* Errors that the state of the server may cause (memory, disk, replicas,
 * rights) come with the first write, which changes nothing; later ones Redis
 * does not refuse.  So a batch is stored as a whole or not at all. */
const char redis_script_store[] =
    "local owner = redis.call('HGET', KEYS[2], '/owner')\n"
    "if owner == ARGV[2] then return 1 end\n"
    "if owner ~= ARGV[1] then return owner or '' end\n"
    "redis.call('HSET', KEYS[2], '/owner', owner)\n"
    "local first = 5 + 2 * ARGV[4]\n"
    "local i = first\n"
    "while i <= #ARGV do\n"
    "  local add = {'XADD', KEYS[1]}\n"
    "  if ARGV[3] ~= '0' then\n"
    "    add[3], add[4], add[5] = 'MAXLEN', '~', ARGV[3]\n"
    "  end\n"
    "  add[#add + 1] = '*'\n"
    "  while ARGV[i] ~= '' do\n"
    "    add[#add + 1], add[#add + 2] = ARGV[i], ARGV[i + 1]\n"
    "    i = i + 2\n"
    "  end\n"
    "  i = i + 1\n"
    "  redis.call(unpack(add))\n"
    "end\n"
    "for j = 5, first - 1, 2 do\n"
    "  redis.call('HSET', KEYS[2], ARGV[j], ARGV[j + 1])\n"
    "end\n"
    "redis.call('HSET', KEYS[2], '/owner', ARGV[2])\n"
    "return 1\n";
