"""Which agencies of the node take part in each envelope; for those that are kept already, by their labels."""

import json
from itertools import islice
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def take_part(apps: Any, _editor: Any) -> None:
    """Write the parts of what is kept. What was refused before its label was read stays with the node's overseers."""
    part = apps.get_model("exchange", "Partaker")
    rows = apps.get_model("exchange", "Envelope").objects.values_list("position", "label").order_by("position")
    left = rows.iterator()
    while some := list(islice(left, 1_000)):
        part.objects.bulk_create(
            part(envelope_id=position, agency=agency) for position, label in some for agency in _ours(bytes(label))
        )


def _ours(label: bytes) -> list[str]:
    said = json.loads(label) if label else {"sender": "", "recipients": []}
    codes = {said["sender"], *said["recipients"]}
    return sorted(code for code in codes if code.partition(".")[0] == settings.TANSIQ_NODE)


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0004_collections'),
    ]

    operations = [
        migrations.CreateModel(
            name='Partaker',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('agency', models.CharField(max_length=64)),
                ('envelope', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='partakers', to='exchange.envelope')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('agency', 'envelope'), name='one_part_per_agency')],
            },
        ),
        migrations.RunPython(take_part, migrations.RunPython.noop),
    ]
