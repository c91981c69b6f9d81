"""The nodes of a station come and go with it, and a session goes on with the others."""

from __future__ import annotations

import asyncio

from asyncua import ua

from tests.contract.plc.test_opcua import Desk, Plant, Plc, desk, plant, play, refused_as

__all__ = ["desk", "plant"]  # fixtures

HARDLY_EVER_S = 20.0


async def has(plc: Plc, *, is_there: bool) -> None:
    """Wait until the server has the station's nodes, or has not."""
    async with asyncio.timeout(HARDLY_EVER_S):
        while (await read(plc)) is not is_there:
            await asyncio.sleep(0.02)


async def read(plc: Plc) -> bool:
    """Whether all of the station's nodes are there, the method last."""
    try:
        await plc.node("AckResult").read_display_name()
        await plc.read("Phase", "AckState")
    except ua.uaerrors.BadNodeIdUnknown:
        return False
    return True


def nodes_of(plant: Plant) -> int:
    return len(plant.server._server.iserver.aspace._nodes)


def test_nodes_come_and_go_with_their_station(plant: Plant, desk: Desk) -> None:
    name = "extra"

    async def scene(plc: Plc) -> None:
        await plc.meet()
        before = nodes_of(plant)
        new = Plc(plc.client, name, plc.namespace)
        for _ in range(2):
            joined = Desk(name)
            plant.images[name] = joined.image
            await has(new, is_there=True)
            await asyncio.sleep(0.1)  # a write may be refused while the station is being built
            await new.meet()
            assert joined.station.image.plc_boot_id == 7
            plant.images[name] = Desk(name).image  # left and back between two looks
            await asyncio.sleep(0.2)
            await has(new, is_there=True)
            assert await new.read("PlcBootId") == [0]
            del plant.images[name]
            await has(new, is_there=False)
            with refused_as(ua.StatusCodes.BadUserAccessDenied):
                await new.write(TriggerSeq=1)
            assert nodes_of(plant) == before
        await plc.write(PartId=41, TriggerSeq=1)  # the same session, the same nodes
        assert desk.station.image.trigger_seq == 1

    play(plant, desk, scene)
    assert plant.bugs == []
