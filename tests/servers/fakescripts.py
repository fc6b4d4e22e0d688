"""Answers of the scripted server that more than one test needs."""


def never_whole(imap, uid: int) -> list:
    """To a FETCH: this mail never comes as a whole."""
    async def apart(connection) -> None:
        items = connection.command.split(" ", 3)[3]
        for each in imap.box.resolve(connection.command.split()[2]):
            if each != uid or "BODY.PEEK[]" not in items:
                await connection.send(imap.fetch_reply(each, items))
        await connection.say("$ OK done")

    return [apart]
