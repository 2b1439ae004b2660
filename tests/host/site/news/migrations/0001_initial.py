"""Articles."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """The table of articles, beside Wagtail's of all pages."""

    initial = True
    dependencies = (("wagtailcore", "0098_apitoken"),)
    operations = (
        migrations.CreateModel(
            name="ArticlePage",
            fields=(
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=models.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="wagtailcore.page",
                    ),
                ),
                ("body", models.TextField()),
            ),
            bases=("wagtailcore.page",),
        ),
    )
