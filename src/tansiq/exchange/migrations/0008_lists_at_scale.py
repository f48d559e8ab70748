"""Indexes for the lists of a node that stores a million envelopes; parts take their envelope's kind and direction."""

from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def take_over(apps: Any, _editor: Any) -> None:
    """Give the parts that are kept the kind and direction of their envelopes."""
    whole = apps.get_model("exchange", "Envelope").objects.filter(position=OuterRef("envelope_id"))
    kind, direction = (Subquery(whole.values(name)) for name in ("kind", "direction"))
    apps.get_model("exchange", "Partaker").objects.update(kind=kind, direction=direction)


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0007_desks'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='envelope',
            name='envelope_by_agreement',
        ),
        migrations.AddField(
            model_name='partaker',
            name='direction',
            field=models.CharField(default='', max_length=3),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='partaker',
            name='kind',
            field=models.CharField(default='', max_length=24),
            preserve_default=False,
        ),
        migrations.RunPython(take_over, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='envelope',
            name='digest',
            field=models.CharField(max_length=64),
        ),
        migrations.AddIndex(
            model_name='envelope',
            index=models.Index(fields=['digest'], name='envelope_by_digest'),
        ),
        migrations.AddIndex(
            model_name='envelope',
            index=models.Index(fields=['kind', 'direction', 'position'], name='envelope_by_kind'),
        ),
        migrations.AddIndex(
            model_name='envelope',
            index=models.Index(fields=['agreement', 'kind', 'direction', 'position'], name='envelope_by_agreement'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['name', 'id'], name='event_by_name'),
        ),
        migrations.AddIndex(
            model_name='partaker',
            index=models.Index(fields=['agency', 'kind', 'direction', 'envelope'], name='part_by_kind'),
        ),
    ]
