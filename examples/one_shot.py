"""A script of one call: it is counted in full, although it is gone before anything could have scraped it."""

import openai

import heliograph

heliograph.configure(service_name="one-shot")
with heliograph.query("question", user_id="cron"):
    answer = openai.OpenAI(max_retries=0).chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "What is OpenTelemetry?"}]
    )
print(answer.choices[0].message.content)
